"""Scripts: what may be started, and what it takes."""

from typing import Any

from client.connection import Connection
from client.errors import Refused

FIELDS = """fragment fields on Script {
  name description canStart timeoutSeconds concurrency
  parameters { name long type description mandatory repeat default choices pattern min max }
}"""
LIST = f"query {{ scripts {{ ...fields }} }} {FIELDS}"
SHOW = f"query ($name: String!) {{ script(name: $name) {{ ...fields }} }} {FIELDS}"

Script = dict[str, Any]
"""A script as JSON."""
Parameter = dict[str, Any]
"""A parameter that it takes, as JSON."""


def list_scripts(connection: Connection) -> list[Script]:
    """Those that one may see."""
    found: list[Script] = connection.ask(LIST)["scripts"]
    return found


def script(connection: Connection, name: str) -> Script:
    """Raises Refused if there is none, or one may not see it."""
    try:
        found: Script = connection.ask(SHOW, name=name)["script"]
    except Refused as refusal:
        raise Refused(f"{refusal}; `procession catalogue` lists those there are") from None
    return found
