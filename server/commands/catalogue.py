"""`procession catalogue`: the scripts of a server."""

from typing import Any

import click

from client.scripts import list_scripts, script
from client.table import Cell
from server.access import Access
from server.commands.access import (
    EXITS,
    as_json,
    complete_scripts,
    connected,
    is_terminal,
    remote,
    write_columns,
    write_json,
    write_table,
)


@click.command("catalogue", epilog=EXITS)
@click.argument("name", required=False, metavar="[SCRIPT]", shell_complete=complete_scripts)
@as_json
@remote
def catalogue_command(access: Access, name: str | None, as_json: bool) -> None:
    """List the scripts that you may see on the server or, of SCRIPT, what it takes.

    `procession start SCRIPT --help` shows that as options.

    \b
    Example: procession catalogue import
    """
    with connected(access) as connection:
        if name:
            found = script(connection, name)
            write_all([found] if as_json else found["parameters"], as_json)
        else:
            write_all(list_scripts(connection), as_json)


def write_all(found: list[dict[str, Any]], as_json: bool) -> None:
    """Scripts, or parameters of one."""
    lines = [_parameter(each) if "mandatory" in each else _script(each) for each in found]
    if as_json:
        for each in found:
            write_json(each)
    elif is_terminal():
        write_table((), [[Cell(text) for text in line] for line in lines])
    else:
        for line in lines:
            write_columns(line)


def _script(found: dict[str, Any]) -> list[str]:
    return [found["name"], "start" if found["canStart"] else "see", found["description"]]


def _parameter(found: dict[str, Any]) -> list[str]:
    notes = ["mandatory"] if found["mandatory"] else []
    notes += ["repeat"] if found["repeat"] else []
    notes += [f"default {found['default']}"] if found["default"] is not None else []
    kind = "|".join(found["choices"]) or found["type"].lower()
    return [found["name"], found["long"] or "", kind, ", ".join(notes), found["description"]]
