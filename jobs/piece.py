"""Pieces: lines of one process, numbered and packed, ready to be stored as a chunk."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from jobs.chunk import pack
from jobs.output import Window, read_all
from models.instant import now, to_micros
from models.output import OutputChunk
from models.process import Process

SYSTEM_PREFIX = b"[procession] "


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines to be stored, and the bookmark from which to read on in the spool once they are.

    `data` is a chunk's blob (`jobs.chunk`). `total_bytes` and `sha256` are those of all lines of
    the process so far, each with its newline.
    """

    first_seq: int
    last_seq: int
    first_time: int
    last_time: int
    data: bytes
    total_bytes: int
    sha256: str
    bookmark: str

    def chunk(self, process_id: UUID) -> OutputChunk:
        """The row of this piece."""
        return OutputChunk(
            process_id=process_id,
            first_seq=self.first_seq,
            last_seq=self.last_seq,
            first_time=self.first_time,
            last_time=self.last_time,
            data=self.data,
        )

    def sums(self) -> dict[str, object]:
        """The columns of the process that change with this piece."""
        return {
            "last_seq": self.last_seq,
            "output_bytes": self.total_bytes,
            "output_sha256": self.sha256,
            "bookmark": self.bookmark,
        }


class Packer:
    """Numbers lines and keeps the sums; a new one begins before the first line."""

    def __init__(self) -> None:
        self.bookmark = ""
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
            text = batch.text.encode() + b"\n"
            packer._digest.update(text)
            packer._total += len(text)
            packer._seq = batch.last_seq
            packer._time = batch.runs[-1][1]
        return packer

    def pack(self, runs: list[tuple[int, int]], text: bytes, bookmark: str) -> Piece:
        """The piece of these lines (`text` has a newline after each), which must be stored next."""
        first = self._seq + 1
        runs = [(count, max(time, self._time)) for count, time in runs]  # never backwards
        self._seq += sum(count for count, _ in runs)
        self._time = runs[-1][1]
        self._total += len(text)
        self._digest.update(text)
        self.bookmark = bookmark
        return Piece(
            first_seq=first,
            last_seq=self._seq,
            first_time=runs[0][1],
            last_time=self._time,
            data=pack(tuple(runs), text[:-1]),
            total_bytes=self._total,
            sha256=self._digest.hexdigest(),
            bookmark=bookmark,
        )

    def say(self, text: str) -> Piece:
        """A system line that Procession itself adds now."""
        line = SYSTEM_PREFIX + " ".join(text.split()).encode() + b"\n"
        return self.pack([(1, to_micros(now()))], line, self.bookmark)
