"""Privacy: nobody looks into the memory of this program, for it has keys and passwords in it, nor
into its data folder."""

from pathlib import Path

from jobs.supervisor.prctl import DUMPABLE, ask
from server.settings import Settings


def keep_private(settings: Settings) -> None:
    """No core dumps of it; and no other program of its user may trace it, or read its environment.

    The kernel gives all of that back to what it executes.
    """
    if not settings.dumpable:
        ask(DUMPABLE, 0)


def make_private(folder: Path) -> None:
    """Makes a folder, if there is none, into which only its owner may look."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
