"""Settings of one repository: its `repository.toml`, if there is one."""

import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from scripts.errors import ScriptError

FILE_NAME = "repository.toml"
PATTERNS = {"handle_prefix": r"[^\s/]+", "mail_from": r"[^\s@]+@[^\s@]+"}


@dataclass(frozen=True)
class Settings:
    """`handle_prefix` begins every generated handle, `mail_from` sends the notifications."""

    handle_prefix: str = "123456789"
    mail_from: str = "repository@localhost"


def read(repository: Path) -> Settings:
    """The settings of a repository. Raises ScriptError naming the file and the key at fault."""
    path = repository / FILE_NAME
    if not path.exists():
        return Settings()
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScriptError(f"{path} is not valid TOML: {error}.") from error
    unknown = set(found) - {field.name for field in fields(Settings)}
    if unknown:
        raise ScriptError(f"{path} has unknown keys: {', '.join(sorted(unknown))}.")
    for key, value in found.items():
        if not isinstance(value, str) or not re.fullmatch(PATTERNS[key], value):
            raise ScriptError(f"{path}: {key} cannot be {value!r}.")
    return Settings(**found)
