"""Where the events of a script arrive, and where its report is put for the worker.

They come through a FIFO: no disk is filled, nothing is read twice, and who writes faster than they
can be taken has to wait. The report is there whole or not at all.
"""

import os
import time

from jobs.supervisor import document
from jobs.supervisor.launch import Launch
from jobs.supervisor.report import Report
from jobs.supervisor.secrets import Secrets
from jobs.supervisor.spool import Spool

NAME = "events"
NEW, DONE = "report.json.new", "report.json"
BLOCK = 1 << 16  # bytes that a FIFO usually holds
MOST = 16  # blocks that one can be made to hold
LONGEST = 1 << 19  # bytes of a line: a full summary, however it is written
PAUSE = 0.25  # seconds between two reports


class Events:
    """`due` is when the report is to be put there, if something in it is new."""

    def __init__(self, launch: Launch, secrets: Secrets, spool: Spool) -> None:
        self.descriptor = make_fifo(launch.user)
        self.spool = spool
        self.report = Report(secrets.needles)
        self.due: float | None = None
        self.begun = b""  # a line without its end
        self.too_long = False  # whether that line is, and is left out
        self.count = 0  # of lines
        self.told: set[str] = set()
        self.next = 0.0

    def take(self) -> bool:
        """Takes what there is, a block at most. False: nothing is there."""
        try:
            content = os.read(self.descriptor, BLOCK)
        except BlockingIOError:
            return False
        *lines, self.begun = (self.begun + content).split(b"\n")
        for line in lines:
            self._take_line(line)
        if len(self.begun) > LONGEST:
            self._complain(f"it is longer than {LONGEST} bytes")
            self.begun, self.too_long = b"", True
        return True

    def look(self) -> None:
        """Puts the report there if it is due."""
        if self.due is not None and time.monotonic() >= self.due and not self._put():
            self.due = self.next

    def close(self) -> None:
        """Takes the rest, for when nobody writes any more."""
        for _ in range(MOST):
            if not self.take():
                break
        self._take_line(self.begun)
        if self.due is not None and not self._put():
            self.spool.say("There was no room for the last progress and notices of the script")

    def _take_line(self, line: bytes) -> None:
        self.count += 1
        if self.too_long:
            self.too_long = False
        elif line and not line.isspace():
            for wrong in self.report.take(line):
                self._complain(wrong)
            if self.due is None:
                self.due = max(self.next, time.monotonic())

    def _complain(self, wrong: str) -> None:
        """Once of each kind."""
        if wrong not in self.told:
            self.told.add(wrong)
            self.spool.say(f"Line {self.count} in PROCESSION_EVENTS is not understood: {wrong}")

    def _put(self) -> bool:
        self.next = time.monotonic() + PAUSE
        try:
            with open(NEW, "w", opener=private) as file:
                file.write(document.write(self.report.facts()))
            os.rename(NEW, DONE)
        except OSError:
            return False
        self.due = None
        self.spool.ring()
        return True


def private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def make_fifo(user: list[int] | None) -> int:
    """Makes it for this user; writing to it never ends in a signal while we live."""
    os.mkfifo(NAME, 0o600)
    if user is not None and os.geteuid() == 0:
        os.chown(NAME, user[0], user[1])
    return os.open(NAME, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
