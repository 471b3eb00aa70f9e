"""Lines of output packed into one blob, and back.

A blob is zlib (level 1) over: the number of runs (u32), the runs (count of lines u32, their time in
microseconds since 1970 u64), and the text: UTF-8, lines joined by a newline. All numbers are
big-endian. Lines that arrived together share a run, so a flood costs a few bytes a block.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

COUNT = struct.Struct(">I")
RUN = struct.Struct(">IQ")

Runs = tuple[tuple[int, int], ...]
"""(count of lines, their time in microseconds since 1970), in order."""


class Line(NamedTuple):
    """A line: its number in the process (from 1), time in microseconds since 1970, and text."""

    seq: int
    time: int
    text: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive lines, from `first_seq` on; `text` is all of them joined by newlines."""

    first_seq: int
    runs: Runs
    text: str

    @property
    def count(self) -> int:
        return sum(count for count, _ in self.runs)

    @property
    def last_seq(self) -> int:
        return self.first_seq + self.count - 1

    def lines(self) -> Iterator[Line]:
        """Each line on its own."""
        texts = iter(self.text.split("\n"))
        seq = self.first_seq
        for count, time in self.runs:
            for text in islice(texts, count):
                yield Line(seq, time, text)
                seq += 1

    def between(self, first: int, last: int) -> "Batch | None":
        """The lines numbered `first` to `last`, both included; None where there are none."""
        first, last = max(first, self.first_seq), min(last, self.last_seq)
        if first > last:
            return None
        if (first, last) == (self.first_seq, self.last_seq):
            return self
        skip, take = first - self.first_seq, last - first + 1
        texts = self.text.split("\n")[skip : skip + take]
        return Batch(first, _part(self.runs, skip, take), "\n".join(texts))

    def during(self, from_time: int | None, to_time: int | None) -> "Batch | None":
        """The lines that came from `from_time` to `to_time` (microseconds, both included)."""
        begin = self.runs[0][1] if from_time is None else from_time
        end = self.runs[-1][1] if to_time is None else to_time
        before = sum(count for count, time in self.runs if time < begin)
        after = sum(count for count, time in self.runs if time > end)
        return self.between(self.first_seq + before, self.last_seq - after)

    def split(self, most: int) -> Iterator["Batch"]:
        """The same lines in batches of `most` at most."""
        for first in range(self.first_seq, self.last_seq + 1, most):
            part = self.between(first, first + most - 1)
            if part is not None:
                yield part


def join(batches: list[Batch]) -> Batch:
    """Consecutive batches as one."""
    if len(batches) == 1:
        return batches[0]
    runs = tuple(run for batch in batches for run in batch.runs)
    return Batch(batches[0].first_seq, runs, "\n".join(batch.text for batch in batches))


def pack(runs: Runs, text: bytes) -> bytes:
    """The blob of these lines."""
    head = COUNT.pack(len(runs)) + b"".join(RUN.pack(*run) for run in runs)
    return zlib.compress(head + text, 1)


def unpack(first_seq: int, blob: bytes) -> Batch:
    """The lines of a blob, the first of which has this number."""
    plain = zlib.decompress(blob)
    (number,) = COUNT.unpack_from(plain)
    start = COUNT.size + number * RUN.size
    runs = tuple(RUN.iter_unpack(plain[COUNT.size : start]))
    return Batch(first_seq, runs, plain[start:].decode())


def _part(runs: Runs, skip: int, take: int) -> Runs:
    part = []
    for count, time in runs:
        passed = min(skip, count)
        skip -= passed
        kept = min(count - passed, take)
        take -= kept
        if kept:
            part.append((kept, time))
    return tuple(part)
