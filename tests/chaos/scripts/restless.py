#!/usr/bin/env python3
"""The script of the chaos suite: does what its recipe says, and keeps a journal of its own.

The journal lies outside of Procession and is only appended to, an entry of JSON at a time, each as
soon as it is true:

    {"id": …, "token": …, "began": pid, "recipe": {…}}    a token is drawn anew by each run
    {… "read": SHA-256}                      of its upload
    {… "wrote": [first, end], "at": [µs, µs]}    numbers of lines, and when they were written
    {… "file": name, "size": …, "sha256": …}
    {… "left": pid}                          a program that it leaves behind
    {… "told": true}                         SIGTERM came
    {… "ends": exit code}
"""

import argparse
import json
import os
import secrets
import signal
import subprocess
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

OUTPUT = 1
TERMINATE = {signal.SIGTERM}
SLEEP = ["sleep", "600"]


class Journal:
    """Where this run says what it did."""

    def __init__(self, path: str) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.token = secrets.token_hex(4)
        self.who = {"id": os.environ["PROCESSION_PROCESS_ID"], "token": self.token}

    def add(self, **what: object) -> None:
        os.write(self.file, json.dumps({**self.who, **what}).encode() + b"\n")


class Run:
    """One run. SIGTERM is blocked, and looked for only between two steps."""

    def __init__(self, recipe: dict[str, Any], journal: Journal) -> None:
        self.recipe = recipe
        self.journal = journal
        self.written = 0

    def play(self) -> None:
        recipe = self.recipe
        if recipe["manner"] == "plain":
            signal.pthread_sigmask(signal.SIG_UNBLOCK, TERMINATE)
        if recipe["leaves"]:
            left = subprocess.Popen(SLEEP, start_new_session=True)
            self.journal.add(left=left.pid)
        for begin in range(0, recipe["lines"], recipe["burst"]):
            self.write(min(recipe["burst"], recipe["lines"] - begin))
            self.wait(recipe["pause"])
        for number, size in enumerate(recipe["files"]):
            self.make_file(f"{number}.bin", size)
        self.wait(recipe["lasts"])

    def write(self, count: int) -> None:
        first, end = self.written, self.written + count
        width = self.recipe["width"]
        lines = (f"{self.journal.token} {n} {'x' * (n % (width + 1))}\n" for n in range(first, end))
        content = "".join(lines).encode()
        begun = time.time_ns() // 1000
        while content:
            content = content[os.write(OUTPUT, content) :]
        self.written = end
        self.journal.add(wrote=[first, end], at=[begun, time.time_ns() // 1000])

    def make_file(self, name: str, size: int) -> None:
        content = os.urandom(size)
        try:
            Path(os.environ["PROCESSION_OUTPUT_DIR"], name).write_bytes(content)
        except OSError:  # the disk is full: what is there then is no matter
            return
        self.journal.add(file=name, size=size, sha256=sha256(content).hexdigest())

    def wait(self, seconds: float) -> None:
        """Until they are over or SIGTERM comes, after which a polite script says goodbye."""
        if self.recipe["manner"] == "plain":
            time.sleep(seconds)
            return
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 or seconds == 0:
            if signal.sigtimedwait(TERMINATE, max(left, 0)):
                self.journal.add(told=True)
                if self.recipe["manner"] == "polite":
                    self.write(1)
                    self.end(0)
            if seconds == 0:
                return

    def end(self, code: int) -> None:
        self.journal.add(ends=code)
        os._exit(code)


def main() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, TERMINATE)
    parser = argparse.ArgumentParser()
    for name in "rjf":
        parser.add_argument(f"-{name}")
    given = parser.parse_args()
    journal, recipe = Journal(given.j), json.loads(given.r)
    journal.add(began=os.getpid(), recipe=recipe)
    if given.f:
        journal.add(read=sha256(Path(given.f).read_bytes()).hexdigest())
    run = Run(recipe, journal)
    run.play()
    run.end(recipe["code"])


if __name__ == "__main__":
    main()
