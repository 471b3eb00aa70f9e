"""Being told of the end of a process by the server: `procession notify`."""

import sys
from collections.abc import Iterable

import click

from client.connection import Connection
from client.deliveries import Delivery, deliveries, forget, last_reason, notify
from client.processes import find
from client.table import Cell
from server.access import Access
from server.commands.access import (
    EXITS,
    as_json,
    connected,
    is_terminal,
    process,
    remote,
    say,
    write_columns,
    write_json,
    write_table,
)
from server.commands.listing import SHORT

HEAD = ("ID", "STATE", "CHANNEL", "HOST", "OF", "ATTEMPTS", "REASON")
STDIN = "-"


@click.command("notify", epilog=EXITS)
@process
@click.option(
    "--webhook", metavar="URL", help="By a signed message to this URL (-: standard input)."
)
@click.option("--email", is_flag=True, help="By e-mail, to the address that you have there.")
@click.option("--only-failed", is_flag=True, help="Only if it fails.")
@click.option("--list", "is_list", is_flag=True, help="Print what you have asked for.")
@click.option("--forget", "forgotten", metavar="DELIVERY", help="Take this one back.")
@as_json
@remote
def notify_command(
    access: Access,
    process_id: str,
    webhook: str | None,
    email: bool,
    only_failed: bool,
    is_list: bool,
    forgotten: str | None,
    as_json: bool,
) -> None:
    """Have the server tell you when the process ID ends, by a webhook or by e-mail.

    Prints the id of the delivery and, after a tab, the secret with which the message to a webhook
    is signed; it is shown only now.

    \b
    Examples:
      procession notify 2f9c6a10 --email --only-failed
      procession notify 2f9c6a10 --list
    """
    _require_one(webhook is not None, email, is_list, forgotten is not None)
    if only_failed and (is_list or forgotten is not None):
        raise click.UsageError("--only-failed goes with --webhook or --email.")
    url = sys.stdin.readline().strip() if webhook == STDIN else webhook
    with connected(access) as connection:
        found = find(connection, process_id)
        if is_list:
            _print(deliveries(connection, found), as_json)
        elif forgotten is not None:
            _print_id(forget(connection, found, forgotten), as_json)
        else:
            _ask(connection, found, url, only_failed, as_json)


def _require_one(*given: bool) -> None:
    if sum(given) != 1:
        raise click.UsageError("Give one of --webhook, --email, --list and --forget.")


def _ask(
    connection: Connection, process_id: str, webhook: str | None, only_failed: bool, as_json: bool
) -> None:
    made = notify(connection, process_id, webhook, only_failed)
    if as_json:
        write_json(made)
        return
    write_columns([made["id"], *([made["secret"]] if made["secret"] else [])])
    if made["secret"]:
        say("This secret, with which the message is signed, is shown only now")


def _print(found: Iterable[Delivery], as_json: bool) -> None:
    """As JSON; as a table on a terminal; as lines in a pipe."""
    if is_terminal() and not as_json:
        rows = [_columns(each) for each in found]
        write_table(HEAD, [[Cell(row[0][:SHORT]), *map(Cell, row[1:])] for row in rows])
        return
    for each in found:
        if as_json:
            write_json(each)
        else:
            write_columns(_columns(each))


def _print_id(delivery_id: str, as_json: bool) -> None:
    if as_json:
        write_json({"id": delivery_id, "deleted": True})
    else:
        click.echo(delivery_id)


def _columns(of: Delivery) -> list[str]:
    attempts = str(of["attempts"])
    way = [of["state"], of["channel"], of["host"] or "", of["occasion"]]
    return [of["id"], *way, attempts, last_reason(of)]
