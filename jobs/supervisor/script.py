"""The running script, and how it is to end."""

import os
import time

from jobs.supervisor.courtesy import calm_session
from jobs.supervisor.events import Events
from jobs.supervisor.family import Family, descendants
from jobs.supervisor.launch import Launch, start
from jobs.supervisor.mask import Mask
from jobs.supervisor.output import Output
from jobs.supervisor.secrets import Secrets
from jobs.supervisor.spool import Spool

DRAIN = 2.0  # seconds that left-over processes may stay after the script ended by itself
PATIENCE = 10.0  # seconds that the system may take to end what was killed
LONGEST_WAIT = 3_600_000  # milliseconds; poll(2) takes no more than 24 days


class Script:
    """The running script with all its descendants, its output, and how it is to end.

    `deadline` is when something is to be done if nothing happens before: the time limit, then the
    end of the grace after a SIGTERM, or of the patience with what an ended script left behind,
    then that with what was killed.
    """

    def __init__(self, launch: Launch, spool: Spool, secrets: Secrets) -> None:
        self.launch = launch
        self.spool = spool
        self.output = Output(spool, launch.max_output)
        self.mask = Mask(secrets.needles) if secrets.needles else None
        self.cause = "exit"
        self.words: str | None = None
        self.status: int | None = None
        self.open = True
        self.alone = False
        self.killing = False
        self.given_up = False
        self.calm = False  # whether our session is as nice as it is to be
        self.deadline = time.monotonic() + launch.timeout if launch.timeout else None
        self.events = Events(launch, secrets, spool)
        self.pid, self.descriptor = start(launch, secrets)
        self.family = Family(self.pid, launch.wrapped)

    def take(self, content: bytes) -> None:
        """Keeps what it printed, or does what is to be done where that is not possible."""
        if self.mask is not None:
            content = self.mask.take(content)
        self.keep(content)

    def take_rest(self) -> None:
        """Keeps what was held back because it might have become a secret, and the last events."""
        if self.mask is not None:
            self.keep(self.mask.rest())
        self.events.close()

    def keep(self, content: bytes) -> None:
        if not content:
            return
        why = self.output.take(content)
        if why is None:
            return
        stopped = self.launch.when_full == "stop" and self.stop("full", why)
        if not stopped:
            self.spool.say(f"{why}; what follows is not kept")

    def stop(self, cause: str, words: str) -> bool:
        """SIGTERM now, SIGKILL after the grace; only the first cause counts.

        False: it is being stopped already, or has ended by itself, be it that we had not heard yet.
        """
        self.reap()
        if self.cause != "exit" or self.status is not None:
            return False
        self.cause, self.words = cause, words
        self.family.terminate()
        self.spool.say(f"{words}; SIGTERM sent")
        self.deadline = time.monotonic() + self.launch.grace
        return True

    def look(self) -> None:
        """Does what is due."""
        self.calm = self.calm or calm_session(self.launch.nice)
        self.output.look()
        self.events.look()
        if self.deadline is not None and time.monotonic() >= self.deadline:
            self.on_deadline()

    def on_deadline(self) -> None:
        if self.status is None and self.cause == "exit":
            self.stop("timeout", f"The time limit of {self.launch.timeout:g} s was reached")
        elif self.killing or self.deserted():
            self.give_up()
        elif self.status is None:
            self.kill(f"Still running after {self.launch.grace:g} s; SIGKILL sent")
        else:
            self.kill("The script ended but left processes behind; they were killed")

    def kill(self, words: str) -> None:
        self.spool.say(words)
        self.killing = True
        self.family.kill()
        self.deadline = time.monotonic() + PATIENCE

    def give_up(self) -> None:
        """Waits no longer for what cannot be ended."""
        if left := descendants():
            pids = ", ".join(map(str, left))
            self.spool.say(f"Processes that could not be killed are left behind: {pids}")
        elif self.open:
            self.spool.say("A process that could not be found holds the output open")
        self.given_up = True

    def reap(self) -> None:
        """Collects what has ended. What the script left behind has DRAIN seconds, or the rest of
        the grace if it was stopped."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                if pid == self.pid:
                    self.status = os.waitstatus_to_exitcode(status)
                    if self.cause == "exit":
                        self.deadline = time.monotonic() + DRAIN
        except ChildProcessError:
            self.alone = True
            soon = time.monotonic() + DRAIN
            self.deadline = min(self.deadline or soon, soon)
        if self.killing and not self.alone:
            self.family.kill()  # the death of one makes its children ours

    def over(self) -> bool:
        ended = self.status is not None and not self.open and self.deserted()
        return ended or self.given_up

    def deserted(self) -> bool:
        """Whether no descendant is left: neither a child of ours nor any in the group."""
        return self.alone and not self.family.has_group()

    def wait_ms(self) -> int | None:
        """How long nothing needs to be looked at, in milliseconds (LONGEST_WAIT at most); None:
        until something comes."""
        if not self.calm:
            return 100
        if self.alone:
            return 20  # nothing tells when a group becomes empty whose processes are not ours
        moments = (self.deadline, self.output.look_again, self.events.due)
        due = [each for each in moments if each is not None]
        if not due:
            return None
        return min(max(0, int((min(due) - time.monotonic()) * 1000) + 1), LONGEST_WAIT)
