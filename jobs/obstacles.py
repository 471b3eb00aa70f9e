"""Obstacles: what keeps a script from being run on this machine."""

from collections.abc import Iterator
from pathlib import Path

from jobs.account import account
from jobs.command import found, program
from jobs.sandbox import require_sandbox
from models.script import Script


def obstacles(script: Script, data: Path, run_as: str) -> Iterator[tuple[str, str]]:
    """Each in words, and how to mend it."""
    if not found(script, data):
        yield (
            f"the command {program(script, data)[0]!r} is not found here",
            "Install it or make it executable, or correct `command` in the manifest",
        )
    try:
        if script.isolation.sandbox:
            require_sandbox()
        if name := script.isolation.run_as or run_as:
            account(name)
    except LookupError as error:
        wrong, _, mend = str(error).partition(": ")
        yield wrong, mend[:1].upper() + mend[1:]
