"""Listeners: many subscribers to output, in a program of their own that costs little.

    python -m bench.listeners PORT TOKEN SOCKETS SECONDS ID…

Each of the WebSockets follows one of the processes, in turn. Prints a line once all have heard
something, and at the end, when the last process has ended, what was heard as JSON (`Heard`). A line
must be the time of its print in nanoseconds; those printed in the SECONDS after that are measured:
when a thousand come at the same moment, it takes the server one second until the last is let in.
"""

import asyncio
import select
import sys
import time
from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import NamedTuple

import orjson

from bench.installation import ROOT, Server
from bench.load import quantile
from bench.table import Row
from bench.websocket import WebSocket

FOLLOW = """subscription ($id: ID!) {
  processOutput(id: $id) {
    ... on OutputBatch { firstSeq lastSeq text }
    ... on OutputEnd { last: lastSeq }
  }
}"""
READY = b"ready\n"


@dataclass(frozen=True, slots=True)
class Heard:
    """What all listeners heard; times in seconds from print to receipt.

    `wrong` counts the events that did not go on where the one before had ended, and the ends that
    did not come after the last line.
    """

    lines: int
    wrong: int
    median: float
    p99: float
    longest: float

    def rows(self, group: str, printed: int) -> list[Row]:
        """`printed` counts the lines that all of them should have heard, together."""
        wrong = self.wrong + abs(printed - self.lines)
        p50, p99, longest = (each * 1000 for each in (self.median, self.p99, self.longest))
        note = f"longest {longest:.0f} ms"
        return [
            Row(group, "line printed -> received, p50", p50, "ms"),
            Row(group, "line printed -> received, p99", p99, "ms", ("<=", 250), note),
            Row(group, "lost, doubled or out of order", wrong, "", ("<=", 0), f"of {printed:,}"),
        ]


class Event(NamedTuple):
    """Lines `first` to `last`, and when each was printed; or the end, which has no `first`."""

    first: int | None
    last: int
    printed: tuple[int, ...]


class Listening:
    """The program that listens."""

    def __init__(self, sockets: Sequence[WebSocket], seconds: float) -> None:
        self._sockets = {each.fileno(): each for each in sockets}
        self._seqs = dict.fromkeys(self._sockets, 0)
        self._silent = set(self._sockets)
        self._seconds = seconds
        self._begin = self._end = sys.maxsize
        self._times = array("q")
        self._wrong = 0

    def run(self) -> Heard:
        """Listens until the last process has ended."""
        poll = select.epoll()
        for descriptor in self._sockets:
            poll.register(descriptor, select.EPOLLIN)
        while self._sockets:
            for descriptor, _ in poll.poll():
                messages = self._sockets[descriptor].read()
                received = time.time_ns()
                for message in messages:
                    if (event := read_event(message)) is not None:
                        self._hear(descriptor, event, received)
        return self._heard(sum(self._seqs.values()))

    def _hear(self, descriptor: int, event: Event, received: int) -> None:
        seq = self._seqs[descriptor]
        if descriptor in self._silent:
            self._silent.discard(descriptor)
            if not self._silent:
                self._start()
        if event.first is None:
            self._wrong += event.last != seq
            self._sockets.pop(descriptor).close()
            return
        self._wrong += (event.first, event.last) != (seq + 1, seq + len(event.printed))
        self._seqs[descriptor] = event.last
        self._times.extend(
            received - printed for printed in event.printed if self._begin <= printed < self._end
        )

    def _start(self) -> None:
        self._begin = time.time_ns()
        self._end = self._begin + int(self._seconds * 1e9)
        sys.stdout.buffer.write(READY)
        sys.stdout.buffer.flush()

    def _heard(self, lines: int) -> Heard:
        times = sorted(self._times)
        median, p99 = quantile(times, 0.5) / 1e9, quantile(times, 0.99) / 1e9
        return Heard(lines, self._wrong, median, p99, times[-1] / 1e9)


@lru_cache(maxsize=100)
def read_event(message: bytes) -> Event | None:
    """What a message tells; all who follow one process hear the same. None: nothing new."""
    document = orjson.loads(message)
    if document["type"] == "complete":
        return None
    event = document["payload"]["data"]["processOutput"]
    if "last" in event:
        return Event(None, event["last"], ())
    printed = tuple(map(int, event["text"].split("\n")))
    return Event(event["firstSeq"], event["lastSeq"], printed)


class Listeners:
    """The same program, from outside."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def heard(self) -> Heard:
        """What was heard, once it is over."""
        assert self._process.stdout
        return Heard(**orjson.loads(await self._process.stdout.readline()))


@asynccontextmanager
async def listeners(
    server: Server, processes: Sequence[str], sockets: int, seconds: float
) -> AsyncIterator[Listeners]:
    """So many sockets are subscribed inside."""
    words = (server.port, server.token, sockets, seconds, *processes)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.listeners",
        *map(str, words),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout
        assert await process.stdout.readline() == READY
        yield Listeners(process)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def main(port: int, token: str, sockets: int, seconds: float, processes: Sequence[str]) -> None:
    opened = [WebSocket(port, token) for _ in range(sockets)]
    for number, each in enumerate(opened):
        each.subscribe(FOLLOW, {"id": processes[number % len(processes)]})
    listening = Listening(opened, seconds)
    sys.stdout.buffer.write(orjson.dumps(asdict(listening.run())) + b"\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), sys.argv[5:])
