"""What a script prints, and how it ends: the lines are watched live, so each leaves at once."""

import io
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

from scripts.errors import ScriptError, Stopped
from scripts.events import tell


def say(line: str) -> None:
    """Print one line to the console, and flush it."""
    print(line, flush=True)


def complain(line: str) -> None:
    """Print one line about a failure. Errors may share a pipe with the output, so order is kept."""
    sys.stdout.flush()
    print(line, file=sys.stderr, flush=True)


def one_line(text: str) -> str:
    """The text without line breaks: a value must not look like further lines of the console."""
    return " ".join(text.splitlines())


def run(main: Callable[[], int]) -> NoReturn:
    """Run a program and leave with its exit code; what fails as expected shows no traceback."""
    _prepare_streams()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, _stop)
    try:
        code = main()
    except BrokenPipeError:
        code = _abandon_output()
    except (ScriptError, OSError, sqlite3.Error, Stopped) as error:
        code = _explain(error)
    sys.exit(code)


def _explain(error: BaseException) -> int:
    is_named = isinstance(error, ScriptError | Stopped)
    reason = str(error) if is_named else f"Failed: {error}"
    complain(reason)
    if not isinstance(error, Stopped):
        tell(error=reason)
    for note in getattr(error, "__notes__", ()):
        complain(note)
    return error.exit_code if isinstance(error, ScriptError | Stopped) else ScriptError.exit_code


def _prepare_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A path given in another encoding must be printable as well.
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


def _stop(signum: int, _frame: FrameType | None) -> None:
    # The first request ends the program; a second one must not interrupt the tidying up.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    raise Stopped(signum)


def _abandon_output() -> int:
    # Nobody reads any more; without this the interpreter complains when it flushes at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + signal.SIGPIPE
