"""Pieces: lines of one process, numbered and packed, ready to be stored as a chunk."""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from jobs.chunk import Batch, Runs, pack
from jobs.output import Window, read_all
from models.instant import now, to_micros
from models.output import OutputChunk
from models.process import Process

SYSTEM_PREFIX = b"[procession] "


class Lines(NamedTuple):
    """Lines as they were read from a spool, and the bookmark behind them.

    `runs` are how many came at which time (`jobs.chunk`); `text` has a newline after each line.
    """

    runs: list[tuple[int, int]]
    text: bytes
    bookmark: str

    @property
    def size(self) -> int:
        return len(self.text)


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines to be stored, and the bookmark from which to read on in the spool once they are.

    It is the `number`-th of its packer. `size` is that of the lines in bytes, each with its
    newline; `data` is a chunk's blob (`jobs.chunk`). `total_bytes` and `sha256` are those of all
    lines of the process so far.
    """

    number: int
    first_seq: int
    last_seq: int
    first_time: int
    last_time: int
    size: int
    data: bytes
    total_bytes: int
    sha256: str
    bookmark: str

    def row(self) -> dict[str, object]:
        """The columns of its chunk, but for those that say whose it is."""
        return {
            "first_seq": self.first_seq,
            "last_seq": self.last_seq,
            "first_time": self.first_time,
            "last_time": self.last_time,
            "size": self.size,
            "data": self.data,
        }

    def chunk(self, process_id: UUID) -> OutputChunk:
        """Its chunk."""
        return OutputChunk(process_id=process_id, **self.row())

    def sums(self) -> dict[str, object]:
        """The columns of the process that change with this piece."""
        return {
            "last_seq": self.last_seq,
            "output_bytes": self.total_bytes,
            "output_sha256": self.sha256,
            "bookmark": self.bookmark,
        }


class Numbered(NamedTuple):
    """Lines with their numbers, and the sums up to their end: a piece that is not packed yet.

    The fields are those of `Lines` and `Piece`.
    """

    number: int
    first_seq: int
    last_seq: int
    runs: Runs
    text: bytes
    total_bytes: int
    sha256: str
    bookmark: str

    @property
    def size(self) -> int:
        return len(self.text)

    def packed(self) -> Piece:
        """The piece. Takes long where the lines are many, and needs nothing but them."""
        return Piece(
            number=self.number,
            first_seq=self.first_seq,
            last_seq=self.last_seq,
            first_time=self.runs[0][1],
            last_time=self.runs[-1][1],
            size=self.size,
            data=pack(self.runs, memoryview(self.text)[:-1]),
            total_bytes=self.total_bytes,
            sha256=self.sha256,
            bookmark=self.bookmark,
        )


class Packer:
    """Numbers lines and keeps the sums; a new one begins before the first line."""

    def __init__(self) -> None:
        self.bookmark = ""
        self._pieces = 0
        self._seq = 0
        self._time = 0
        self._total = 0
        self._digest = hashlib.sha256()

    @classmethod
    async def after(cls, process: Process) -> "Packer":
        """Goes on after what is stored of a process."""
        packer = cls()
        packer.bookmark = process.bookmark
        async for batch in read_all(process.id, Window()):
            await asyncio.to_thread(packer._count, batch)
        return packer

    def number(self, lines: Lines) -> Numbered:
        """These lines, which must be stored next, with their numbers."""
        read, text, bookmark = lines
        first = self._seq + 1
        self._pieces += 1
        runs = []
        for count, time in read:
            self._seq += count
            self._time = max(time, self._time)  # never backwards
            runs.append((count, self._time))
        self._total += len(text)
        self._digest.update(text)
        self.bookmark = bookmark
        return Numbered(
            number=self._pieces,
            first_seq=first,
            last_seq=self._seq,
            runs=tuple(runs),
            text=text,
            total_bytes=self._total,
            sha256=self._digest.hexdigest(),
            bookmark=bookmark,
        )

    def pack(self, lines: Lines) -> Piece:
        """The piece of these lines, which must be stored next."""
        return self.number(lines).packed()

    def say(self, text: str) -> Piece:
        """A system line that Procession itself adds now."""
        line = SYSTEM_PREFIX + " ".join(text.split()).encode() + b"\n"
        return self.pack(Lines([(1, to_micros(now()))], line, self.bookmark))

    def _count(self, stored: Batch) -> None:
        text = stored.text.encode() + b"\n"
        self._digest.update(text)
        self._total += len(text)
        self._seq = stored.last_seq
        self._time = stored.runs[-1][1]
