"""The running script, and how it is to end."""

import ctypes
import os
import signal
import time

from jobs.supervisor.launch import Launch, start
from jobs.supervisor.output import Output
from jobs.supervisor.spool import Spool

DRAIN = 2.0  # seconds that left-over processes may keep the output open after the script ended
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


class Script:
    """The running script with all its descendants, its output, and how it is to end.

    `deadline` is when something is to be done if nothing happens before: the time limit, then the
    end of the grace after a SIGTERM, then the patience with what an ended script left behind.
    """

    def __init__(self, launch: Launch, spool: Spool) -> None:
        self.launch = launch
        self.spool = spool
        self.output = Output(spool, launch.max_output)
        self.cause = "exit"
        self.words: str | None = None
        self.status: int | None = None
        self.open = True
        self.alone = False
        self.killing = False
        self.given_up = False
        self.deadline = time.monotonic() + launch.timeout if launch.timeout else None
        self.pid, self.descriptor = start(launch)

    def take(self, content: bytes) -> None:
        """Keeps what it printed, or does what is to be done where that is not possible."""
        why = self.output.take(content)
        if why is None:
            return
        stopped = self.launch.when_full == "stop" and self.stop("full", why)
        if not stopped:
            self.spool.say(f"{why}; what follows is not kept")

    def stop(self, cause: str, words: str) -> bool:
        """SIGTERM to the group now, SIGKILL after the grace; only the first cause counts."""
        if self.cause != "exit" or self.status is not None:
            return False
        self.cause, self.words = cause, words
        self.spool.say(f"{words}; SIGTERM sent")
        self.signal(signal.SIGTERM)
        self.deadline = time.monotonic() + self.launch.grace
        return True

    def look(self) -> None:
        """Does what is due."""
        self.output.look()
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self.on_deadline()

    def on_deadline(self) -> None:
        if self.status is None and self.cause == "exit":
            self.stop("timeout", f"The time limit of {self.launch.timeout:g} s was reached")
        elif self.status is None:
            self.spool.say(f"Still running after {self.launch.grace:g} s; SIGKILL sent")
            self.signal(signal.SIGKILL)
            self.deadline = None
        elif not self.killing and not self.deserted():
            self.spool.say("The script ended but left processes behind; they were killed")
            self.killing = True
            self.kill_left_overs()
            self.deadline = time.monotonic() + DRAIN
        else:
            if self.open:
                self.spool.say("A process that could not be found holds the output open")
            self.given_up = True

    def reap(self) -> None:
        """Collects what has ended; once the script has, what it left behind has DRAIN seconds."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                if pid == self.pid:
                    self.status = os.waitstatus_to_exitcode(status)
                    grace = (self.deadline or 0.0) if self.cause != "exit" else 0.0
                    self.deadline = max(time.monotonic() + DRAIN, grace)
        except ChildProcessError:
            self.alone = True
        if self.killing and not self.alone:
            self.kill_left_overs()  # the death of one makes its children ours

    def over(self) -> bool:
        ended = self.status is not None and not self.open and self.deserted()
        return ended or self.given_up

    def deserted(self) -> bool:
        """Whether no descendant is left: neither a child of ours nor any in the group."""
        if not self.alone:
            return False
        try:
            os.killpg(self.pid, 0)
        except (ProcessLookupError, PermissionError):  # macOS: not permitted where only zombies are
            return True
        return False

    def kill_left_overs(self) -> None:
        self.signal(signal.SIGKILL)
        for pid in children():
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass  # ended meanwhile, or has become somebody else

    def signal(self, number: int) -> None:
        """To the whole group."""
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            pass  # the group is empty

    def wait_ms(self) -> int | None:
        """How long nothing needs to be looked at, in milliseconds; None: until something comes."""
        if self.alone:
            return 20  # nothing tells when a group becomes empty whose processes are not ours
        due = [each for each in (self.deadline, self.output.look_again) if each is not None]
        return max(0, int((min(due) - time.monotonic()) * 1000) + 1) if due else None


def adopt_orphans() -> None:
    """Makes what the script's processes leave behind our children (Linux's child subreaper)."""
    try:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except AttributeError:
        pass  # another system: only the group is known


def children() -> list[int]:
    """The process ids of our children."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []
