"""Reading a supervisor's spool: records of bytes become numbered lines, packed for the database.

A line ends at a newline. What was overwritten by carriage returns is left out (only the last state
of a progress bar is kept); bytes that are not UTF-8 become U+FFFD once the line is whole; a line
over 64 KiB goes on in further lines, each but the last of which ends in CONTINUED.
"""

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from jobs.piece import SYSTEM_PREFIX, Packer, Piece
from jobs.supervisor import HEADER, SYSTEM

LONGEST = 64 << 10  # bytes of a line
CONTINUED = b" [continued]"
READ = 1 << 19  # bytes of text in one piece, about


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


class Reader:
    """Follows one spool; `packer` numbers its lines and knows where to begin."""

    def __init__(self, path: Path, packer: Packer) -> None:
        self._path = path
        self._packer = packer
        mark = Bookmark.parse(packer.bookmark)
        self._position = mark.offset  # of the next record
        self._skip = mark.skip
        self._seen = mark.seen
        self._begun = Begun()
        self._time = 0

    def read(self) -> Piece | None:
        """The next whole lines, about READ bytes of them at most; None if there are none yet."""
        runs: list[tuple[int, int]] = []
        texts: list[bytes] = []
        size = 0
        with self._path.open("rb") as file:
            file.seek(self._position)
            while size < READ and (lines := self._next(file)) is not None:
                if lines:
                    runs.append((lines.count(b"\n"), self._time))
                    texts.append(lines)
                    size += len(lines)
        return self._piece(runs, texts)

    def rest(self) -> Piece | None:
        """The last line, if it has no newline. For when the script has ended."""
        if not self._begun.content:
            return None
        lines = fold(bytes(self._begun.content))
        self._begun.drop(len(self._begun.content))
        return self._piece([(lines.count(b"\n"), self._time)], [lines])

    def _next(self, file: BinaryIO) -> bytes | None:
        """The lines that the next record completes; None where there is no whole record."""
        header = file.read(HEADER.size)
        if len(header) < HEADER.size:
            return None
        time, kind, length = HEADER.unpack(header)
        content = file.read(length)
        if len(content) < length:
            return None
        offset, self._position = self._position, self._position + HEADER.size + length
        self._time = time
        if kind == SYSTEM:
            return b"" if offset < self._seen else fold(SYSTEM_PREFIX + content)
        skip, self._skip = self._skip, 0
        return self._begun.go_on(content[skip:], offset, skip)

    def _piece(self, runs: list[tuple[int, int]], texts: list[bytes]) -> Piece | None:
        if not texts:
            return None
        self._seen = max(self._seen, self._position)
        offset, skip = self._begun.place or (self._position, 0)
        return self._packer.pack(runs, b"".join(texts), str(Bookmark(offset, skip, self._seen)))


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
        """What a line without end gives up so that it stays short."""
        overwritten = self.content.rstrip(b"\r").rfind(b"\r") + 1
        if overwritten:
            self.drop(overwritten)
        lines = b""
        while len(self.content) > LONGEST:
            part = head(bytes(self.content[: LONGEST + 1]))
            lines += repaired(part) + CONTINUED + b"\n"
            self.drop(len(part))
        return lines


def fold(text: bytes) -> bytes:
    """Whole lines as they are stored, each with a newline; `text` has none after its last line."""
    if b"\r" not in text and len(text) <= LONGEST:
        return repaired(text) + b"\n"
    return b"".join(part + b"\n" for line in text.split(b"\n") for part in _parts(line))


def _parts(line: bytes) -> Iterator[bytes]:
    if b"\r" in line:
        line = line.rstrip(b"\r").rpartition(b"\r")[2]
    while len(line) > LONGEST:
        part = head(line)
        yield repaired(part) + CONTINUED
        line = line[len(part) :]
    yield repaired(line)


def head(line: bytes) -> bytes:
    """The first LONGEST bytes, or up to three fewer where these would split a character."""
    end = LONGEST
    while end > LONGEST - 3 and line[end] & 0xC0 == 0x80:
        end -= 1
    return line[:end]


def repaired(text: bytes) -> bytes:
    """UTF-8, with U+FFFD in place of what was not."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return text.decode("utf-8", "replace").encode()
    return text
