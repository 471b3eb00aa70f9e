"""The commands that speak to a server, run as people and programs run them."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import SHUT_RDWR, create_connection, create_server, socket
from threading import Event, Thread
from typing import Any

from tests.installation import PROGRAM, Installation, User

SECONDS = 60  # after which a command is taken to hang
WHILE = 5  # seconds without a word, after which one tries again what may have come to nothing
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

Done = subprocess.CompletedProcess[bytes]


def environment(it: Installation, who: User, **settings: str) -> dict[str, str]:
    ours = {"PROCESSION_SERVER": it.url, "PROCESSION_TOKEN": who.token}
    return {**it.environment, **ours, **settings}


def client(it: Installation, who: User, *arguments: str, stdin: str = "", **settings: str) -> Done:
    """Runs a command to its end, as this user."""
    done = subprocess.run(
        [PROGRAM, *arguments],
        cwd=it.folder,
        env=environment(it, who, **settings),
        input=stdin.encode(),
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done


def printed(it: Installation, who: User, *arguments: str, code: int = 0, stdin: str = "") -> str:
    """What a command prints that ends with this exit code."""
    done = client(it, who, *arguments, stdin=stdin)
    assert done.returncode == code, done.stderr.decode()
    return done.stdout.decode()


def complaint(it: Installation, who: User, *arguments: str, code: int, **settings: str) -> str:
    """What a command complains of that prints nothing and ends with this exit code."""
    done = client(it, who, *arguments, **settings)
    assert (done.returncode, done.stdout) == (code, b""), done.stderr.decode()
    return done.stderr.decode()


def objects(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


class Terminal:
    """A program in a pseudo-terminal, and somebody who reads and types."""

    def __init__(self, program: subprocess.Popen[bytes], screen: int) -> None:
        self.program = program
        self._screen = screen
        self.raw = ""

    @property
    def text(self) -> str:
        """What was printed, without colours and movements."""
        return CONTROL.sub("", self.raw).replace("\r\n", "\n")

    @property
    def picture(self) -> list[str]:
        """What was drawn last, from the upper left corner on."""
        drawn = self.raw.rpartition("\x1b[H")[2].partition("\x1b[?25h")[0]
        return CONTROL.sub("", drawn).replace("\r", "").split("\n")

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def resize(self, columns: int, rows: int) -> None:
        resize(self._screen, columns, rows)

    def reads(self, pattern: str) -> None:
        """Waits until this is in the picture."""
        while not re.search(pattern, "\n".join(self.picture)):
            assert self._read(), f"{pattern!r} is not in {self.raw!r}"

    def until(self, pattern: str, again: str = "") -> None:
        """Waits until this was printed; types `again` whenever nothing comes for a while."""
        while not re.search(pattern, self.text):
            assert self._read(again), f"{pattern!r} is not in {self.raw!r}"

    def end(self, again: str = "") -> int:
        """Waits for its end, as `until` does; answers the exit code."""
        while self._read(again):
            pass
        return self.program.wait(SECONDS)

    def _read(self, again: str = "") -> bool:
        while again and not select.select([self._screen], [], [], WHILE)[0]:
            self.type(again)
        readable, _, _ = select.select([self._screen], [], [], SECONDS)
        assert readable, f"nothing more came after {self.raw!r}"
        with suppress(OSError):  # as a terminal ends on Linux
            if block := os.read(self._screen, 65536):
                self.raw += block.decode(errors="replace")
                return True
        return False


@contextmanager
def terminal(arguments: list[str], folder: str, environment: dict[str, str]) -> Iterator[Terminal]:
    """Runs a program that has a terminal of its own."""
    screen, keyboard = pty.openpty()
    resize(screen, 100, 24)
    program = subprocess.Popen(
        arguments,
        cwd=folder,
        env={**environment, "TERM": "xterm-256color"},
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(keyboard)
    try:
        yield Terminal(program, screen)
    finally:
        program.kill()
        program.wait()
        os.close(screen)


@contextmanager
def on_terminal(
    it: Installation, who: User, *arguments: str, **settings: str
) -> Iterator[Terminal]:
    """Runs one of our commands in a terminal, as this user."""
    given = environment(it, who, **settings)
    with terminal([PROGRAM, *arguments], str(it.folder), given) as ours:
        yield ours


def resize(screen: int, columns: int, rows: int) -> None:
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class Wire:
    """A way to a server that breaks the connections: each after so many bytes of answer, in turn;
    those after them are whole. With `stop` the last of them stands still instead. The one by which
    `hold` bytes of requests are reached stands still until the server ends it. Where `breaks` has
    an answer, that is given to the first request, as by a proxy."""

    def __init__(
        self, url: str, *breaks: int | bytes, stop: bool = False, hold: int = 1 << 40
    ) -> None:
        self._server = url.removeprefix("http://").rpartition(":")
        self._breaks = breaks
        self._stop = stop
        self._hold = hold
        self._near: list[socket] = []
        self._threads = [Thread(target=self._accept)]
        self._listener = create_server(("127.0.0.1", 0))
        self.connections = 0
        self.carried = 0  # bytes of answers
        self.asked = 0  # bytes of requests
        self.acknowledged = 0  # WebSockets on which somebody has signed in
        self.stopped = Event()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "Wire":
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(SHUT_RDWR)  # wakes who accepts, as closing does not
        self._threads[0].join()
        self._listener.close()
        self.cut()
        for each in self._threads:
            each.join()

    def cut(self) -> None:
        """Breaks all that there are."""
        while self._near:
            with suppress(OSError):
                self._near.pop().shutdown(SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._near.append(near)
                self._threads.append(Thread(target=self._carry, args=(near, self.connections)))
                self.connections += 1
                self._threads[-1].start()

    def _carry(self, near: socket, number: int) -> None:
        left = self._breaks[number] if number < len(self._breaks) else 1 << 40
        if isinstance(left, bytes):
            with near:
                near.recv(65536)
                near.sendall(left)
            return
        address = self._server[0], int(self._server[2])
        with suppress(OSError), near, create_connection(address) as far:
            with suppress(OSError):
                while left:
                    left -= self._pass_on(near, far, left)
                    if self.asked >= self._hold:
                        self._hold = 1 << 40
                        self.stopped.set()
                        far.recv(1)
                        return
            if self._stop and number == len(self._breaks) - 1:
                self.stopped.set()
                with suppress(OSError):
                    near.recv(1)  # until whoever waits hangs up

    def _pass_on(self, near: socket, far: socket, left: int) -> int:
        """One block, from whom there is one; how many bytes of answer it had."""
        source = select.select([near, far], [], [])[0][0]
        block = source.recv(65536 if source is near else min(left, 65536))
        if not block:
            raise ConnectionResetError
        (far if source is near else near).sendall(block)
        self.asked += len(block) if source is near else 0
        count = len(block) if source is far else 0
        self.carried += count
        self.acknowledged += source is far and b'"connection_ack"' in block
        return count
