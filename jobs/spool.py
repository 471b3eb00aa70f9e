"""Reading a supervisor's spool: records of bytes become lines.

A line ends at a newline. What was overwritten by carriage returns is left out (only the last state
of a progress bar is kept); bytes that are not UTF-8 become U+FFFD once the line is whole; a line
over 64 KiB goes on in further lines, each but the last of which ends in CONTINUED. What is so long
does not wait for its end, so a carriage return after it comes too late. None of this depends on how
the bytes are spread over records.
"""

import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from jobs.piece import SYSTEM_PREFIX, Lines
from jobs.supervisor.output import head
from jobs.supervisor.spool import BLOCK, HEADER, SYSTEM

LONGEST = 64 << 10  # bytes of a line
CONTINUED = b" [continued]"
RETURN = b"\r"
READ = 4 * BLOCK + 4096  # bytes read at once: the longest record, and a piece of a good size
YEAR_9999 = 253_402_300_800_000_000  # microseconds since 1970
OVERWRITTEN = re.compile(rb"^.*\r(?=[^\r\n])", re.MULTILINE)


class Bookmark(NamedTuple):
    """A place in a spool: the first byte of the first line that is not stored.

    It lies `skip` bytes into the record at `offset`. System lines of records before `seen` are
    stored already, although they came after that byte.
    """

    offset: int = 0
    skip: int = 0
    seen: int = 0

    @classmethod
    def parse(cls, text: str) -> "Bookmark":
        return cls(*map(int, text.split(":"))) if text else cls()

    def __str__(self) -> str:
        return f"{self.offset}:{self.skip}:{self.seen}"


class Record(NamedTuple):
    """What the supervisor wrote at once; `time` is in microseconds since 1970."""

    time: int
    kind: int
    content: bytes


def records(content: bytes) -> Iterator[Record]:
    """The whole records at the beginning of this part of a spool.

    It ends before one that is still being written, or that a failure of the machine left torn: cut
    short, or full of zeros.
    """
    start = HEADER.size
    while start <= len(content):
        time, kind, length = HEADER.unpack_from(content, start - HEADER.size)
        end = start + length
        if not 0 < time < YEAR_9999 or kind > SYSTEM or end > len(content):
            return
        yield Record(time, kind, content[start:end])
        start = end + HEADER.size


def unread(path: Path, bookmark: str) -> int:
    """How many bytes at its end cannot be read, after all before the bookmark were."""
    return path.stat().st_size - Bookmark.parse(bookmark).offset


class Reader:
    """Follows one spool, from a bookmark on."""

    def __init__(self, path: Path, bookmark: str) -> None:
        self._path = path
        mark = Bookmark.parse(bookmark)
        self._position = mark.offset  # of the next record
        self._skip = mark.skip
        self._seen = mark.seen
        self._begun = Begun()
        self._time = 0

    def read(self) -> Lines | None:
        """The next whole lines, READ bytes of them at most; None if there are none yet."""
        runs: list[tuple[int, int]] = []
        texts: list[bytes] = []
        with self._path.open("rb", buffering=0) as file:
            while not texts:
                file.seek(self._position)
                before = self._position
                for record in records(file.read(READ)):
                    if lines := self._lines(record):
                        runs.append((lines.count(b"\n"), record.time))
                        texts.append(lines)
                if self._position == before:
                    return None
        return self._together(runs, texts)

    def rest(self) -> Lines | None:
        """The last line, if it has no newline. For when the script has ended."""
        if not self._begun.content:
            return None
        lines = fold(bytes(self._begun.content))
        self._begun.drop(len(self._begun.content))
        return self._together([(lines.count(b"\n"), self._time)], [lines])

    def _lines(self, record: Record) -> bytes:
        """The lines that the next record completes."""
        offset = self._position
        self._position += HEADER.size + len(record.content)
        self._time = record.time
        if record.kind == SYSTEM:
            return b"" if offset < self._seen else fold(SYSTEM_PREFIX + record.content)
        skip, self._skip = self._skip, 0
        return self._begun.go_on(record.content[skip:], offset, skip)

    def _together(self, runs: list[tuple[int, int]], texts: list[bytes]) -> Lines:
        self._seen = max(self._seen, self._position)
        offset, skip = self._begun.place or (self._position, 0)
        return Lines(runs, b"".join(texts), str(Bookmark(offset, skip, self._seen)))


class Begun:
    """The line that has no end yet, and where in the spool each part of it lies."""

    def __init__(self) -> None:
        self.content = bytearray()
        self._parts: deque[tuple[int, int, int]] = deque()  # record's offset, skip, length

    @property
    def place(self) -> tuple[int, int] | None:
        """The record and the bytes to skip in it at which the line begins."""
        return self._parts[0][:2] if self._parts else None

    def go_on(self, content: bytes, offset: int, skip: int) -> bytes:
        """Adds what came next; returns the lines that it completes, each with its newline."""
        cut = content.rfind(b"\n") + 1
        lines = b""
        if cut:
            lines = fold(bytes(self.content) + content[: cut - 1])
            self.drop(len(self.content))
        if len(content) > cut:
            self.content += content[cut:]
            self._parts.append((offset, skip + cut, len(content) - cut))
            lines += self._spill()
        return lines

    def drop(self, length: int) -> None:
        """Forgets that many bytes from the left."""
        del self.content[:length]
        while length:
            offset, skip, size = self._parts.popleft()
            if size > length:
                self._parts.appendleft((offset, skip + length, size - length))
            length -= min(size, length)

    def _spill(self) -> bytes:
        """What a line without end gives up so that it stays short: old states, and long parts."""
        *overwritten, state = bytes(self.content).rstrip(RETURN).split(RETURN)
        spilt = [part for each in overwritten for part in long_parts(each)]
        self.drop(sum(len(each) + 1 for each in overwritten))
        for part in long_parts(state):
            spilt.append(part)
            self.drop(len(part))
        return b"".join(repaired(part) + CONTINUED + b"\n" for part in spilt)


def fold(text: bytes) -> bytes:
    """Whole lines as they are stored, each with a newline; `text` has none after its last line."""
    if has_long_line(text):
        text = b"\n".join(part for line in text.split(b"\n") for part in parts(line))
    elif RETURN in text:
        text = OVERWRITTEN.sub(b"", text).replace(RETURN, b"")
    return repaired(text) + b"\n"


def has_long_line(text: bytes) -> bool:
    start = 0
    while len(text) - start > LONGEST:
        start = text.rfind(b"\n", start, start + LONGEST + 1) + 1
        if not start:
            return True
    return False


def parts(line: bytes) -> Iterator[bytes]:
    """What is shown of a line: its last state, and of each state what was too long to wait."""
    shown = b""
    for state in filter(None, line.split(RETURN)):
        shown = state
        for part in long_parts(state):
            yield part + CONTINUED
            shown = shown[len(part) :]
    yield shown


def long_parts(state: bytes) -> Iterator[bytes]:
    """What is too long for one line, in parts that are not."""
    while len(state) > LONGEST:
        part = head(state, LONGEST)
        yield part
        state = state[len(part) :]


def repaired(text: bytes) -> bytes:
    """UTF-8, with U+FFFD in place of what was not."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return text.decode("utf-8", "replace").encode()
    return text
