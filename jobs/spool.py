"""Reading a supervisor's spool: records of bytes become lines.

A line ends at a newline. What was overwritten by carriage returns is left out (only the last state
of a progress bar is kept); bytes that are not UTF-8 become U+FFFD once the line is whole; a line
over 64 KiB goes on in further lines, each but the last of which ends in CONTINUED. What is so long
does not wait for its end, so a carriage return after it comes too late. None of this depends on how
the bytes are spread over records.
"""

import os
import re
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from jobs.piece import SYSTEM_PREFIX, Lines
from jobs.supervisor.output import head
from jobs.supervisor.spool import BLOCK, HEADER, SYSTEM

LONGEST = 64 << 10  # bytes of a line
CONTINUED = b" [continued]"
RETURN = b"\r"
READ = 8 * BLOCK + 4096  # bytes read at once: the longest record, and a piece of a good size
YEAR_9999 = 253_402_300_800_000_000  # microseconds since 1970
OVERWRITTEN = re.compile(rb"^.*\r(?=[^\r\n])", re.MULTILINE)


Found = tuple[int, list[bytes | memoryview]]
"""How many lines, and these, each with a newline."""


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
    """What the supervisor wrote at once: from `start` to `end` in what was read.

    `time` is in microseconds since 1970.
    """

    time: int
    kind: int
    start: int
    end: int


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
        yield Record(time, kind, start, end)
        start = end + HEADER.size


def unread(path: Path, bookmark: str) -> int:
    """How many bytes at its end cannot be read, after all before the bookmark were.

    0 if it ends before that: a failure of the machine has taken only what is stored already.
    """
    return max(0, path.stat().st_size - Bookmark.parse(bookmark).offset)


class Reader:
    """Follows one spool, from a bookmark on. `caught_up`: the last `read` came to its end."""

    def __init__(self, path: Path, bookmark: str) -> None:
        self._path = path
        mark = Bookmark.parse(bookmark)
        self._position = mark.offset  # of the next record
        self._skip = mark.skip
        self._seen = mark.seen
        self._begun = Begun()
        self._time = 0
        self.caught_up = False

    def read(self) -> Lines | None:
        """The next whole lines, READ bytes of them at most; None if there are none yet."""
        runs: list[tuple[int, int]] = []
        texts: list[bytes | memoryview] = []
        spool = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            while not texts:
                there = os.fstat(spool).st_size - self._position
                self.caught_up = there <= READ
                before = self._position
                content = os.pread(spool, max(0, min(there, READ)), before)
                for record in records(content):
                    count, parts = self._lines(content, record)
                    if count:
                        runs.append((count, record.time))
                        texts += parts
                if self._position == before:
                    return None
        finally:
            os.close(spool)
        return self._together(runs, texts)

    def rest(self) -> Lines | None:
        """The last line, if it has no newline. For when the script has ended."""
        if not self._begun.content:
            return None
        lines = fold(bytes(self._begun.content))
        self._begun.drop(len(self._begun.content))
        return self._together([(lines.count(b"\n"), self._time)], [lines])

    def _lines(self, content: bytes, record: Record) -> Found:
        """The lines that the next record completes."""
        offset = self._position
        self._position += HEADER.size + record.end - record.start
        self._time = record.time
        if record.kind == SYSTEM:
            said = SYSTEM_PREFIX + content[record.start : record.end]
            return (0, []) if offset < self._seen else counted(fold(said))
        skip, self._skip = self._skip, 0
        return self._begun.go_on(content, record.start + skip, record.end, offset, skip)

    def _together(self, runs: list[tuple[int, int]], texts: Sequence[bytes | memoryview]) -> Lines:
        self._seen = max(self._seen, self._position)
        offset, skip = self._begun.place or (self._position, 0)
        text = repaired(b"".join(texts))
        return Lines(runs, text, str(Bookmark(offset, skip, self._seen)))


class Begun:
    """The line that has no end yet, and where in the spool each part of it lies."""

    def __init__(self) -> None:
        self.content = bytearray()
        self._parts: deque[tuple[int, int, int]] = deque()  # record's offset, skip, length

    @property
    def place(self) -> tuple[int, int] | None:
        """The record and the bytes to skip in it at which the line begins."""
        return self._parts[0][:2] if self._parts else None

    def go_on(self, content: bytes, start: int, end: int, offset: int, skip: int) -> Found:
        """Adds what came next, from `start` to `end`; returns the lines that it completes."""
        count = 0
        parts: list[bytes | memoryview] = []
        cut = content.rfind(b"\n", start, end) + 1 or start
        if start < cut and self.content:
            first = content.index(b"\n", start) + 1
            count, parts = counted(fold(bytes(self.content) + content[start : first - 1]))
            self.drop(len(self.content))
            skip, start = skip + first - start, first
        if start < cut:
            more, lines = whole(content, start, cut)
            count, parts = count + more, [*parts, *lines]
        if cut < end:
            self.content += content[cut:end]
            self._parts.append((offset, skip + cut - start, end - cut))
            more, lines = counted(self._spill())
            count, parts = count + more, [*parts, *lines]
        return count, parts

    def drop(self, length: int) -> None:
        """Forgets that many bytes from the left."""
        del self.content[:length]
        while length:
            offset, skip, size = self._parts.popleft()
            if size > length:
                self._parts.appendleft((offset, skip + length, size - length))
            length -= min(size, length)

    def _drop_end(self, length: int) -> None:
        """Forgets that many bytes from the right."""
        del self.content[len(self.content) - length :]
        while length:
            offset, skip, size = self._parts.pop()
            if size > length:
                self._parts.append((offset, skip, size - length))
            length -= min(size, length)

    def _spill(self) -> bytes:
        """What a line without end gives up so that it stays short: old states, and long parts.

        Of the returns at its end one is left: more of them mean the same.
        """
        content = bytes(self.content).rstrip(RETURN)
        self._drop_end(max(0, len(self.content) - len(content) - 1))
        *overwritten, state = content.split(RETURN)
        spilt = [part for each in overwritten for part in long_parts(each)]
        self.drop(sum(len(each) + 1 for each in overwritten))
        for part in long_parts(state):
            spilt.append(part)
            self.drop(len(part))
        return b"".join(part + CONTINUED + b"\n" for part in spilt)


def counted(lines: bytes) -> Found:
    return lines.count(b"\n"), [lines]


def whole(content: bytes, start: int, cut: int) -> Found:
    """The whole lines from `start` to `cut`; without a copy, if they are stored as they are."""
    if content.find(RETURN, start, cut) >= 0 or has_long_line(content, start, cut - 1):
        return counted(fold(content[start : cut - 1]))
    return content.count(b"\n", start, cut), [memoryview(content)[start:cut]]


def fold(text: bytes) -> bytes:
    """Whole lines as they are stored, each with a newline; `text` has none after its last line."""
    if has_long_line(text, 0, len(text)):
        text = b"\n".join(part for line in text.split(b"\n") for part in parts(line))
    elif RETURN in text:
        text = OVERWRITTEN.sub(b"", text).replace(RETURN, b"")
    return text + b"\n"


def has_long_line(text: bytes, start: int, end: int) -> bool:
    """Whether one of those from `start` to `end`; there is no newline after the last."""
    while end - start > LONGEST:
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
    if text.isascii():
        return text
    try:
        text.decode()
    except UnicodeDecodeError:
        return text.decode("utf-8", "replace").encode()
    return text
