"""Commands that speak to a server, from any machine: `procession tail`, `procession search`."""

import sys
from collections.abc import Callable
from contextlib import closing
from datetime import datetime

import click
import orjson

from client.connection import Server
from client.gauge import Gauge
from client.moment import past
from client.processes import before_last, find, is_whole, since
from client.search import as_text, search
from client.tail import End, Lines, Tail
from server.access import Access
from server.commands.access import as_json, explained, process, remote, say, write
from server.commands.choices import Moment

FAILED = 255  # as ssh has it: others are those of the script
LARGEST = 2**31 - 1  # number of a line, as an Int of GraphQL
NOTHING_FOUND, NOT_SEARCHED = 1, 2  # as grep has it


@click.command("tail")
@process
@click.option(
    "--after",
    type=click.IntRange(0, LARGEST),
    default=0,
    metavar="SEQ",
    help="Only lines after that number.",
)
@click.option(
    "--last",
    type=click.IntRange(min=0),
    metavar="N",
    help="Begin with the last N lines of now.",
)
@click.option("--since", type=Moment(past), help="Only lines from then on: 18:00, 10m, a time.")
@click.option("--times", is_flag=True, help="Print when each line came, before it.")
@as_json
@remote
def tail_command(
    access: Access,
    process_id: str,
    after: int,
    last: int | None,
    since: datetime | None,
    times: bool,
    as_json: bool,
) -> None:
    """Print the output of the process ID while it comes, each line once, until the process ends.

    A connection that is cut is made again. On a terminal the progress of the script stands below.
    Ends with the script's exit code; 143: the process was stopped, 137: killed, 255: it cannot be
    followed, 254: what came is not what the script wrote, 2: wrong options, 130: Ctrl-C.

    \b
    Examples:
      procession tail 2f9c6a10 --last 20
      procession tail 2f9c6a10 --since 10m --times
    """
    written = Lines.as_json if as_json else Lines.timed if times else Lines.plain
    with explained(FAILED):
        server = access.server()
        process_id, after = _place(server, process_id, after, last, since)
        print_tail(server, process_id, written, after, stamped=as_json or times)


def print_tail(
    server: Server,
    process_id: str,
    written: Callable[[Lines], bytes],
    after: int = 0,
    *,
    stamped: bool = False,
) -> None:
    """Prints what comes, and exits as the script does."""
    gauge = Gauge(sys.stderr)
    tail = Tail(server, process_id, after, gauge.lifted()(say), stamped=stamped)
    with closing(tail.follow()) as events, gauge.following(server, process_id):
        for told in events:
            if isinstance(told, Lines):
                with gauge.lifted():
                    write(written(told))
            else:
                end(told)


def _place(
    server: Server, beginning: str, after: int, last: int | None, moment: datetime | None
) -> tuple[str, int]:
    """The whole id, and the number behind which to begin."""
    if last is None and moment is None and is_whole(beginning):
        return beginning, after
    with server.connected() as connection:
        process_id = find(connection, beginning)
        if last is not None:
            after = max(after, before_last(connection, process_id, last))
        if moment is not None:
            after = max(after, since(connection, process_id, moment))
        return process_id, after


@click.command("search")
@process
@click.argument("pattern")
@click.option("--regex", is_flag=True, help="PATTERN is a regular expression (syntax of RE2).")
@click.option("--ignore-case", is_flag=True, help="Small and capital letters are the same.")
@click.option("--context", default=0, metavar="N", help="Print N lines before and after, too.")
@as_json
@remote
def search_command(
    access: Access,
    process_id: str,
    pattern: str,
    regex: bool,
    ignore_case: bool,
    context: int,
    as_json: bool,
) -> None:
    """Print the lines of the process ID that have PATTERN in them, each after its number.

    Searches what is stored by now. Exit code 0: there are some, 1: there is none, 2: it cannot be
    searched.

    \b
    Examples:
      procession search 2f9c6a10 "no such file"
      procession search 2f9c6a10 "^(error|warning)" --regex --ignore-case --context 2
    """
    wanted = {"pattern": pattern, "regex": regex, "ignoreCase": ignore_case, "context": context}
    is_found = False
    with explained(NOT_SEARCHED), access.server().connected() as connection:
        found = search(connection, find(connection, process_id), **wanted)
        texts = (orjson.dumps(each) + b"\n" for each in found) if as_json else as_text(found)
        for text in texts:
            write(text)
            is_found = True
    sys.exit(0 if is_found else NOTHING_FOUND)


def end(told: End) -> None:
    if told.status != "COMPLETED":
        say(f"The process is {told.status}")
    sys.exit(told.exit_code)
