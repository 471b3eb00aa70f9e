"""Following the output of a process to its end, across cuts of the connection."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from client.connection import Server
from client.errors import Cut, Unreachable
from client.insistence import Insistence
from client.proof import Proof

FOLLOW = """subscription ($id: ID!, $after: Int) {
  processOutput(id: $id, after: $after) {
    ... on OutputBatch { firstSeq lastSeq text STAMPS }
    ... on OutputEnd { status exitCode lastSeq byteCount sha256 }
  }
}"""
STAMPS = "lines { seq time }"
STOPPED = 143  # as of a program that SIGTERM has ended
KILLED = 137  # as of one that SIGKILL has ended


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines: their text, each with its newline; their numbers and times if asked for."""

    content: bytes
    stamps: list[dict[str, Any]]

    def plain(self) -> bytes:
        """Each line as it is."""
        return self.content

    def timed(self) -> bytes:
        """Each line after its time."""
        return b"".join(b"%b %b\n" % (stamp["time"].encode(), text) for stamp, text in self._each())

    def as_json(self) -> bytes:
        """Each line as an object, one a line."""
        each = ({**stamp, "text": text.decode()} for stamp, text in self._each())
        return b"".join(orjson.dumps(line) + b"\n" for line in each)

    def _each(self) -> Iterator[tuple[dict[str, Any], bytes]]:
        return zip(self.stamps, self.content.split(b"\n"), strict=False)


@dataclass(frozen=True, slots=True)
class End:
    """How the process ended."""

    status: str
    code: int | None

    @property
    def exit_code(self) -> int:
        """The script's own, else what a shell would say of it."""
        if self.status == "STOPPED":
            return STOPPED
        if self.status == "FAILED" and self.code is None:
            return KILLED
        return self.code or 0


class Tail:
    """The lines of a process behind number `after`; `stamped` with times.

    `warn` is told of cuts.
    """

    def __init__(
        self,
        server: Server,
        process_id: str,
        after: int,
        warn: Callable[[str], None],
        *,
        stamped: bool = False,
    ) -> None:
        self._server = server
        self._document = FOLLOW.replace("STAMPS", STAMPS if stamped else "")
        self._process_id = process_id
        self._proof = Proof(after)
        self._insistence = Insistence(warn)

    def follow(self) -> Generator[Lines | End, None, None]:
        """Each line once, in order; then the End. Connects again for as long as it takes.

        Raises Unreachable only if there never was a connection; Refused, Incomplete.
        """
        while True:
            try:
                yield from self._listen()
            except (Cut, Unreachable) as error:
                self._insistence.wait(error)
            else:
                return

    def _listen(self) -> Iterator[Lines | End]:
        with self._server.connected() as connection:
            self._insistence.begin()
            place = {"id": self._process_id, "after": self._proof.last_seq}
            for event in connection.run(self._document, **place):
                told = event["processOutput"]
                if "status" in told:
                    self._proof.close(told["lastSeq"], told["byteCount"], told["sha256"])
                    yield End(told["status"], told["exitCode"])
                    return
                lines = Lines(f"{told['text']}\n".encode(), told.get("lines", []))
                self._proof.add(told["firstSeq"], told["lastSeq"], lines.content)
                self._insistence.succeed()
                yield lines
        raise Cut("The output ended too early")
