"""`procession watch`: the list of processes, live."""

import shutil
import sys
from contextlib import closing
from typing import Any

import click

from client.connection import Connection, Server
from client.processes import Process, list_processes
from client.screen import screen
from client.table import aligned, cut
from client.watching import Ask, changes, looks
from server.access import Access
from server.commands.access import (
    EXITS,
    as_json,
    explained,
    is_terminal,
    now,
    remote,
    say,
    write_columns,
    write_json,
)
from server.commands.listing import HEAD, columns, row
from server.commands.processes import filtered, wanted


@click.command("watch", epilog=EXITS)
@filtered
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many."
)
@as_json
@remote
def watch_command(
    access: Access,
    script: str | None,
    statuses: tuple[str, ...],
    user: str | None,
    mine: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Watch processes on a terminal: a table that follows what happens, until Ctrl-C.

    In a pipe, or with --json, the processes that there are, the oldest first, then each again that
    is new or has changed, in a line. A connection that is cut is made again.

    \b
    Examples:
      procession watch --mine
      procession watch --status failed --json | jq .id
    """

    with explained():
        server = access.server()
        with server.connected() as connection:
            asked = wanted(connection, script, statuses, user, mine)

        def ask(connection: Connection) -> list[Process]:
            return [*list_processes(connection, asked, None, limit)]

        if is_terminal() and not as_json:
            _draw(server, ask)
        for change in changes(server, ask, lambda found: _is_wanted(found, asked), say):
            _print(change, as_json)


def _draw(server: Server, ask: Ask) -> None:
    """Until Ctrl-C."""
    shown: list[Process] = []
    with screen(sys.stdout) as picture:

        def draw(note: str = "") -> None:
            picture.draw(_picture(shown, server.url, note))

        with closing(looks(server, ask, draw)) as found:
            for processes in found:
                shown[:] = processes
                draw()


def _picture(processes: list[Process], url: str, note: str) -> list[str]:
    """As large as the terminal is now."""
    width, height = shutil.get_terminal_size()
    running = sum(each["status"] == "RUNNING" for each in processes)
    head = f"{url}  {now():%H:%M}  {running} running of {len(processes)} shown  (Ctrl-C ends)"
    table = aligned(HEAD, [*map(row, processes)], width)
    return [cut(head, width), cut(note, width), *table][:height]


def _is_wanted(found: Process, asked: dict[str, Any]) -> bool:
    """Whether a change is of one of the processes that were asked for."""
    return (
        found["scriptName"] == asked.get("script", found["scriptName"])
        and found["status"] in asked.get("statuses", [found["status"]])
        and found["user"]["id"] == asked.get("userId", found["user"]["id"])
    )


def _print(change: dict[str, Any], as_json: bool) -> None:
    if as_json:
        write_json(change)
    elif "deleted" in change:
        write_columns([change["id"], "", "DELETED"])
    else:
        write_columns(columns(change))
