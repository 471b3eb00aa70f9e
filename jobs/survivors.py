"""Survivors: programs of a script that live on although its supervisor was killed."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from jobs.variables import PROCESS_ID

ROUNDS = 100  # in which what is started meanwhile is looked for


def end_survivors(process_id: UUID) -> None:
    """Kills whatever has the process's id around it."""
    for _ in range(ROUNDS):
        found = list(survivors(process_id))
        if not found:
            break
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def survivors(process_id: UUID) -> Iterator[int]:
    """Their process ids; one that has ended has no environment any more."""
    mark = f"{PROCESS_ID}={process_id}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended meanwhile, or somebody else's
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)
