"""Commands that speak to a server, from any machine: `procession tail`, `procession search`."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TextIO, TypeVar

import click
import orjson

from client.connection import Server
from client.errors import ClientError, Incomplete
from client.gauge import Gauge
from client.search import as_text, search
from client.tail import End, Lines, Tail
from server.settings import SettingsError, read_access

Command = TypeVar("Command", bound=Callable[..., None])

FAILED = 255  # as ssh has it: others are those of the script
INCOMPLETE = 254
NOTHING_FOUND, NOT_SEARCHED = 1, 2  # as grep has it
INTERRUPTED, BROKEN_PIPE = 130, 141  # 128 and the signal, as a shell has it

process = click.argument("process_id", metavar="ID")
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


def remote(command: Command) -> Command:
    """With the options that say which server, and who asks."""
    server = click.option(
        "--server", metavar="URL", help="The server (PROCESSION_SERVER; the one of this folder)."
    )
    token_file = click.option(
        "--token-file",
        type=click.File(),
        help="A file with your token, - for standard input (PROCESSION_TOKEN: the token itself).",
    )
    return server(token_file(command))


@click.command("tail")
@process
@click.option("--after", default=0, metavar="SEQ", help="Only lines after that number.")
@click.option("--last", type=int, metavar="N", help="Begin with the last N lines of now.")
@click.option("--times", is_flag=True, help="Print when each line came, before it.")
@as_json
@remote
def tail_command(
    process_id: str,
    after: int,
    last: int | None,
    times: bool,
    as_json: bool,
    server: str | None,
    token_file: TextIO | None,
) -> None:
    """Print the output of the process ID while it comes, each line once, until the process ends.

    A connection that is cut is made again. On a terminal the progress of the script stands below.
    Ends with the script's exit code; 143: the process was
    stopped, 137: killed, 255: it cannot be followed, 254: what came is not what the script wrote.
    """
    written = Lines.as_json if as_json else Lines.timed if times else Lines.plain
    with explained(FAILED):
        place = access(server, token_file)
        gauge = Gauge(sys.stderr)
        warn = gauge.lifted()(say)
        tail = Tail(place, process_id, after, last, warn, stamped=as_json or times)
        with closing(tail.follow()) as events, gauge.following(place, process_id):
            for told in events:
                if isinstance(told, Lines):
                    with gauge.lifted():
                        write(written(told))
                else:
                    end(told)


@click.command("search")
@process
@click.argument("pattern")
@click.option("--regex", is_flag=True, help="PATTERN is a regular expression (syntax of RE2).")
@click.option("--ignore-case", is_flag=True, help="Small and capital letters are the same.")
@click.option("--context", default=0, metavar="N", help="Print N lines before and after, too.")
@as_json
@remote
def search_command(
    process_id: str,
    pattern: str,
    regex: bool,
    ignore_case: bool,
    context: int,
    as_json: bool,
    server: str | None,
    token_file: TextIO | None,
) -> None:
    """Print the lines of the process ID that have PATTERN in them, each after its number.

    Searches what is stored by now. Exit code 1: there is none, 2: it cannot be searched.
    """
    wanted = {"pattern": pattern, "regex": regex, "ignoreCase": ignore_case, "context": context}
    is_found = False
    with explained(NOT_SEARCHED), access(server, token_file).connected() as connection:
        found = search(connection, process_id, **wanted)
        texts = (orjson.dumps(each) + b"\n" for each in found) if as_json else as_text(found)
        for text in texts:
            write(text)
            is_found = True
    sys.exit(0 if is_found else NOTHING_FOUND)


def access(server: str | None, token_file: TextIO | None) -> Server:
    return Server(*read_access(server, token_file.read().strip() if token_file else None))


def end(told: End) -> None:
    if told.status != "COMPLETED":
        say(f"The process is {told.status}")
    sys.exit(told.exit_code)


def write(content: bytes) -> None:
    """At once, so that nothing is left to be written when the reader has gone."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(sys.stdout.fileno(), rest) :]


def say(text: str) -> None:
    click.echo(f"procession: {text}", err=True)


@contextmanager
def explained(code: int) -> Iterator[None]:
    """Says what goes wrong, without a traceback, and exits with this code."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.exit(BROKEN_PIPE)
    except (ClientError, SettingsError, OSError) as error:
        say(str(error))
        sys.exit(INCOMPLETE if isinstance(error, Incomplete) else code)
