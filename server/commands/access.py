"""What the commands that speak to a server share: options, exit codes, how they print."""

import functools
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from select import select
from typing import TypeVar

import click
import orjson
from click.shell_completion import CompletionItem

from client.connection import Connection
from client.errors import ClientError, Cut, Incomplete, NotSignedIn, Unreachable
from client.meter import Meter
from client.processes import list_processes
from client.scripts import list_scripts
from client.table import Cell, aligned, separated
from server.access import STDIN, Access
from server.settings import SettingsError, read_surroundings

T = TypeVar("T")

REFUSED, WRONG_USE, NOT_SIGNED_IN, UNREACHABLE = 1, 2, 3, 4
INCOMPLETE = 254
INTERRUPTED, BROKEN_PIPE = 130, 141  # 128 and the signal, as a shell has it
CODES: dict[type[Exception], int] = {
    Incomplete: INCOMPLETE,
    NotSignedIn: NOT_SIGNED_IN,
    Unreachable: UNREACHABLE,
    Cut: UNREACHABLE,
    SettingsError: WRONG_USE,
}
EXITS = """\b
Exit codes: 0 done, 1 refused, 2 wrong use, 3 not signed in, 4 no server
answers, 130 Ctrl-C."""
HURRY = 2.0  # seconds that a server has to help with completion
COMPLETED_IDS = 50  # of so many processes, the newest

as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


def remote(command: Callable[..., None]) -> Callable[..., None]:
    """With the options that say which server, and who asks: the command gets them as an Access."""

    @click.option("--server", metavar="URL", help="The server (PROCESSION_SERVER; a profile's).")
    @click.option(
        "--profile", metavar="NAME", help="A profile of `procession login` (PROCESSION_PROFILE)."
    )
    @click.option(
        "--token-file",
        type=click.Path(readable=False, path_type=Path),
        metavar="FILE",
        help="A file with your token, - for standard input (PROCESSION_TOKEN: the token itself).",
    )
    @functools.wraps(command)
    def reached(
        server: str | None, profile: str | None, token_file: Path | None, **rest: object
    ) -> None:
        command(Access(server, profile, token_file), **rest)

    return reached


@contextmanager
def explained(code: int | None = None) -> Iterator[None]:
    """Says what goes wrong, without a traceback, and exits with this code, or one of CODES."""
    try:
        yield
    except (KeyboardInterrupt, click.Abort):  # the latter at a prompt
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.exit(BROKEN_PIPE)
    except (ClientError, SettingsError, OSError) as error:
        say(str(error))
        sys.exit(_code(error, code))


def _code(error: Exception, code: int | None) -> int:
    if isinstance(error, Incomplete):
        return INCOMPLETE
    ours = (known for kind, known in CODES.items() if isinstance(error, kind))
    return next(ours, REFUSED) if code is None else code


@contextmanager
def connected(access: Access) -> Iterator[Connection]:
    """A connection; what goes wrong is explained."""
    with explained(), access.server().connected() as connection:
        yield connection


# --- printing -------------------------------------------------------------------------------------


def write(content: bytes) -> None:
    """At once, so that nothing is left to be written when the reader has gone.

    Others may have the same pipe or terminal, and have made that refuse what has no room yet.
    """
    rest, output = memoryview(content), sys.stdout.fileno()
    while rest:
        try:
            rest = rest[os.write(output, rest) :]
        except BlockingIOError:
            select([], [output], [])


def say(text: str) -> None:
    click.echo(f"procession: {text}", err=True)


def write_json(value: object) -> None:
    write(orjson.dumps(value) + b"\n")


def write_table(head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """On a terminal: below a head, and as wide as it is."""
    for line in aligned(head, rows, shutil.get_terminal_size().columns):
        write(f"{line}\n".encode(errors="replace"))


def write_columns(texts: Sequence[str]) -> None:
    """In a pipe: one line, a tab between its columns."""
    write(f"{separated(texts)}\n".encode(errors="replace"))


def is_terminal() -> bool:
    return sys.stdout.isatty()


def now() -> datetime:
    """In the zone of this machine."""
    return datetime.now().astimezone()


def paint(colour: str | None) -> Callable[[str], str]:
    """What gives a text this colour, on a terminal that may have some."""
    if colour is None or not is_terminal() or not read_surroundings().colours:
        return str
    return functools.partial(click.style, fg=colour)


def open_meter(label: str, total: int | None) -> Meter:
    """On standard error, if that is a terminal."""
    stream = sys.stderr if sys.stderr.isatty() else None
    return Meter(label, total, stream, shutil.get_terminal_size().columns - 1)


# --- completion -----------------------------------------------------------------------------------


def access_of(context: click.Context) -> Access:
    """What stands on a command line that may not be finished yet."""
    given = context.params
    return Access(*(given.get(name) for name in ("server", "profile", "token_file")))


def ask_hurriedly(access: Access, question: Callable[[Connection], list[T]]) -> list[T]:
    """The answer for completion: nothing, and not a word, if it does not come quickly."""
    if access.token_file == STDIN:  # where somebody types
        return []
    try:
        with access.server(HURRY).connected() as connection:
            return question(connection)
    except (ClientError, SettingsError, OSError, click.BadParameter):
        return []


def complete_scripts(
    context: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    found = ask_hurriedly(access_of(context), list_scripts)
    return [
        CompletionItem(each["name"], help=each["description"])
        for each in found
        if each["name"].startswith(incomplete) and each["canStart"]
    ]


def complete_ids(
    context: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    fields = "id scriptName status"
    found = ask_hurriedly(
        access_of(context),
        lambda connection: [*list_processes(connection, {}, None, COMPLETED_IDS, fields)],
    )
    return [
        CompletionItem(each["id"], help=f"{each['scriptName']} {each['status']}")
        for each in found
        if each["id"].startswith(incomplete)
    ]


process = click.argument("process_id", metavar="ID", shell_complete=complete_ids)
