"""The family: the script and all that it started, and so on, wherever they went.

Their group is known. Those that left it, or the session, are found by their parents, of which the
last is the supervisor: it is the one to whom the orphans come (Linux's child subreaper).
"""

import _signal as signal  # type: ignore[import-not-found]
import os

from jobs.supervisor.prctl import CHILD_SUBREAPER, ask

ROUNDS = 1000  # in which what forks as fast as it is killed is pursued at once


def adopt_orphans() -> None:
    """Makes what the script's processes leave behind our children; else only the group is known."""
    ask(CHILD_SUBREAPER, 1)


class Family:
    """Of the script with this process id, which is that of its group too; `wrapped`: it only waits
    for the script, and tells how that ended.
    """

    def __init__(self, pid: int, wrapped: bool) -> None:
        self.pid = pid
        self.wrapped = wrapped

    def terminate(self) -> None:
        """SIGTERM to the whole group, and to those that left it."""
        if self.wrapped:
            for pid in descendants():
                if pid != self.pid:
                    send(pid, signal.SIGTERM)
            return
        outside = [pid for pid in descendants() if group_of(pid) != self.pid]
        self._signal(signal.SIGTERM)
        for pid in outside:
            send(pid, signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to all, and to what they start meanwhile."""
        self._signal(signal.SIGKILL)
        killed: set[int] = set()
        for _ in range(ROUNDS):
            found = set(descendants()) - killed
            if not found:
                break
            for pid in found:
                send(pid, signal.SIGKILL)
            killed |= found

    def has_group(self) -> bool:
        """Whether anybody is in the group."""
        try:
            os.killpg(self.pid, 0)
        except (ProcessLookupError, PermissionError):  # macOS: not permitted where only zombies are
            return False
        return True

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass  # the group is empty


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass  # ended meanwhile, or has become somebody else


def group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def descendants() -> list[int]:
    """The process ids of our children, of theirs, and so on; parents come first."""
    found = children(os.getpid())
    for pid in found:  # it grows
        found += children(pid)
    return found


def children(pid: int) -> list[int]:
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                found += [int(each) for each in file.read().split()]
    except OSError:
        pass  # ended meanwhile
    return found
