"""Commands about processes of a server: `procession list`, `show`, `stop`, `delete`."""

import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import click

from client.connection import Connection
from client.errors import Refused
from client.moment import past, sent
from client.processes import (
    delete,
    find,
    list_processes,
    process,
    stop,
    until_ended,
    user_id,
)
from client.table import Cell
from server.access import Access
from server.commands.access import (
    EXITS,
    REFUSED,
    WRONG_USE,
    as_json,
    complete_ids,
    complete_scripts,
    connected,
    remote,
    say,
    write_json,
    write_table,
)
from server.commands.access import process as process_argument
from server.commands.choices import Assignment, Moment
from server.commands.listing import facts, print_processes

STATUSES = ["scheduled", "running", "completed", "failed", "stopped"]
SORTS = {"started": "START_TIME", "created": "CREATED_AT", "script": "SCRIPT"}

ids = click.argument(
    "process_ids", metavar="ID…", nargs=-1, required=True, shell_complete=complete_ids
)


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """With the options that say which processes are wanted."""
    for option in (
        click.option("--mine", is_flag=True, help="Only your own."),
        click.option("--user", metavar="NAME", help="Only of this user."),
        click.option(
            "--status",
            "statuses",
            multiple=True,
            type=click.Choice(STATUSES, case_sensitive=False),
            help="Only in this status; several may be given.",
        ),
        click.option(
            "--script", metavar="NAME", shell_complete=complete_scripts, help="Only of this script."
        ),
    ):
        command = option(command)
    return command


def wanted(
    connection: Connection,
    script: str | None,
    statuses: Iterable[str],
    user: str | None,
    mine: bool,
) -> dict[str, Any]:
    """A ProcessFilter of the options of `filtered`."""
    if mine:
        user = str(connection.ask("{ viewer { name } }")["viewer"]["name"])
    found: dict[str, Any] = {"script": script, "userId": user and user_id(connection, user)}
    found["statuses"] = [each.upper() for each in statuses] or None
    return {name: value for name, value in found.items() if value is not None}


@click.command("list", epilog=EXITS)
@filtered
@click.option(
    "--param",
    "parameters",
    type=Assignment(),
    multiple=True,
    help="Only those that were given this parameter, by its short name.",
)
@click.option("--since", type=Moment(past), help="Only those accepted from then on: 18:00, 7d.")
@click.option("--until", type=Moment(past), help="Only those accepted until then.")
@click.option("--sort", type=click.Choice(list(SORTS)), default="started", show_default=True)
@click.option("--reverse", is_flag=True, help="The oldest first; scripts from Z to A.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=20, show_default=True, help="0: all of them."
)
@as_json
@remote
def list_command(
    access: Access,
    script: str | None,
    statuses: tuple[str, ...],
    user: str | None,
    mine: bool,
    parameters: tuple[tuple[str, str], ...],
    since: datetime | None,
    until: datetime | None,
    sort: str,
    reverse: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List processes, the newest first: id, script, status, user, times, parameters.

    A pipe gets one line for each, with tabs between whole ids, statuses, users, ISO times of start
    and end, exit codes and parameters.

    \b
    Examples:
      procession list --status running --status scheduled
      procession list --script import --since 7d --limit 0 --json | jq .exitCode
    """
    with connected(access) as connection:
        asked = wanted(connection, script, statuses, user, mine)
        if parameters:
            asked["parameters"] = [{"name": name, "value": value} for name, value in parameters]
        span = {"start": since and sent(since), "end": until and sent(until)}
        if since or until:
            asked["createdAt"] = {key: value for key, value in span.items() if value}
        order = {"by": SORTS[sort], "direction": _direction(sort, reverse)}
        print_processes(list_processes(connection, asked, order, limit or None), as_json)


@click.command("show", epilog=EXITS)
@process_argument
@as_json
@remote
def show_command(access: Access, process_id: str, as_json: bool) -> None:
    """Show the process ID: what it was given, how it stands, what it wrote.

    The beginning of an id will do, if only one of the newest 1000 processes begins so.

    \b
    Example: procession show 2f9c6a10
    """
    with connected(access) as connection:
        found = process(connection, process_id)
        if as_json:
            write_json(found)
        else:
            write_table((), [[Cell(name), text] for name, text in facts(found)])


@click.command("stop", epilog=EXITS)
@ids
@click.option("--wait", is_flag=True, help="Wait until they have ended.")
@as_json
@remote
def stop_command(access: Access, process_ids: tuple[str, ...], wait: bool, as_json: bool) -> None:
    """Ask for the end of the processes ID…: SIGTERM, then SIGKILL after the script's grace.

    One that has not started never will. Of one that has ended nothing changes. Each is told in a
    line; what is refused does not keep the others.

    \b
    Example: procession stop --wait 2f9c6a10 7d0e4c62
    """

    def ask(connection: Connection, beginning: str) -> None:
        stopped = stop(connection, find(connection, beginning))
        if wait and stopped["endedAt"] is None:
            with access.server().connected() as other:
                stopped = until_ended(other, stopped["id"])
        print_processes([stopped], as_json)

    _each(access, process_ids, ask)


@click.command("delete", epilog=EXITS)
@ids
@click.option("--yes", is_flag=True, help="Do not ask first.")
@remote
def delete_command(access: Access, process_ids: tuple[str, ...], yes: bool) -> None:
    """Delete the processes ID… with their output and files; those that run are stopped.

    Asks first on a terminal; elsewhere --yes is needed. The ids of the deleted are printed.

    \b
    Example: procession delete --yes 2f9c6a10
    """
    if not yes and not sys.stdin.isatty():
        say("There is nobody to ask: add --yes")
        sys.exit(WRONG_USE)

    def ask(connection: Connection, beginning: str) -> None:
        found = process(connection, beginning)
        name = f"{found['id']} ({found['scriptName']}, {found['status']})"
        if yes or click.confirm(f"Delete {name} with its output and files?", err=True):
            delete(connection, found["id"])
            click.echo(found["id"])

    _each(access, process_ids, ask)


def _direction(sort: str, reverse: bool) -> str:
    return "ASC" if (sort == "script") != reverse else "DESC"


def _each(
    access: Access, process_ids: Iterable[str], ask: Callable[[Connection, str], None]
) -> None:
    """Asks for each; what is refused is told, and does not keep the others."""
    refused = 0
    with connected(access) as connection:
        for process_id in process_ids:
            try:
                ask(connection, process_id)
            except Refused as error:
                say(str(error))
                refused += 1
    sys.exit(REFUSED if refused else 0)
