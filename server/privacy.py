"""Privacy: nobody looks into the memory of this program, for it has keys and passwords in it."""

from jobs.supervisor.prctl import DUMPABLE, ask
from server.settings import Settings


def keep_private(settings: Settings) -> None:
    """No core dumps of it; and no other program of its user may trace it, or read its environment.

    The kernel gives all of that back to what it executes.
    """
    if not settings.dumpable:
        ask(DUMPABLE, 0)
