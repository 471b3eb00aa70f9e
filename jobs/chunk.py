"""Lines of output packed into one blob, and back.

A blob holds the number of runs (u32), the runs (count of lines u32, their time in microseconds
since 1970 u64), and the text: UTF-8, lines joined by a newline. All numbers are big-endian. Lines
that arrived together share a run, so a flood costs a few bytes a block. A blob that would be large
is one Zstandard frame; a lone line is not, since that would cost more time than it saves space.
"""

import struct
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

COUNT = struct.Struct(">I")
RUN = struct.Struct(">IQ")
LARGE = 512  # bytes from which on a blob is compressed
OPTIONS: dict[int, int] = {
    zstd.CompressionParameter.compression_level: 1,  # higher ones take long and save little
    zstd.CompressionParameter.hash_log: 12,  # logs become smaller by it, and sooner
}
FRAME = b"\x28\xb5\x2f\xfd"  # how a frame begins; so many runs are in no blob

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
        _, rest = _divided(self.runs, skip)
        runs, _ = _divided(rest, take)
        return Batch(first, runs, "\n".join(self.text.split("\n")[skip : skip + take]))

    def during(self, from_time: int | None, to_time: int | None) -> "Batch | None":
        """The lines that came from `from_time` to `to_time` (microseconds, both included)."""
        begin = self.runs[0][1] if from_time is None else from_time
        end = self.runs[-1][1] if to_time is None else to_time
        before = sum(count for count, time in self.runs if time < begin)
        after = sum(count for count, time in self.runs if time > end)
        return self.between(self.first_seq + before, self.last_seq - after)

    def split(self, most: int) -> Iterator["Batch"]:
        """The same lines in batches of `most` at most."""
        texts = self.text.split("\n")
        rest = self.runs
        for skip in range(0, len(texts), most):
            runs, rest = _divided(rest, most)
            yield Batch(self.first_seq + skip, runs, "\n".join(texts[skip : skip + most]))

    def fitted(self, most: int) -> Iterator["Batch"]:
        """The same lines in batches of `most` characters at most; a longer line is one alone."""
        start, seq, rest = 0, self.first_seq, self.runs
        while start <= len(self.text):
            end = self._end_of_fitting(start, most)
            text = self.text[start:end]
            runs, rest = _divided(rest, text.count("\n") + 1)
            batch = Batch(seq, runs, text)
            yield batch
            start, seq = end + 1, batch.last_seq + 1

    def _end_of_fitting(self, start: int, most: int) -> int:
        """Where the last line ends that fits, or the first if none does."""
        if len(self.text) - start <= most:
            return len(self.text)
        end = self.text.rfind("\n", start, start + most + 1)
        end = end if end >= 0 else self.text.find("\n", start)
        return end if end >= 0 else len(self.text)


def join(batches: list[Batch]) -> Batch:
    """Consecutive batches as one."""
    if len(batches) == 1:
        return batches[0]
    runs = tuple(run for batch in batches for run in batch.runs)
    return Batch(batches[0].first_seq, runs, "\n".join(batch.text for batch in batches))


def pack(runs: Runs, text: bytes | memoryview) -> bytes:
    """The blob of these lines."""
    head = (COUNT.pack(len(runs)), *(RUN.pack(*run) for run in runs))
    plain = b"".join((*head, text))
    return plain if len(plain) < LARGE else zstd.compress(plain, options=OPTIONS)


def content(blob: bytes) -> tuple[Runs, memoryview]:
    """The runs and the text that were packed into a blob; without a copy of the text."""
    plain = memoryview(zstd.decompress(blob) if blob.startswith(FRAME) else blob)
    (number,) = COUNT.unpack_from(plain)
    start = COUNT.size + number * RUN.size
    return tuple(RUN.iter_unpack(plain[COUNT.size : start])), plain[start:]


def unpack(first_seq: int, blob: bytes) -> Batch:
    """The lines of a blob, the first of which has this number."""
    runs, text = content(blob)
    return Batch(first_seq, runs, str(text, "utf-8"))


def merge(blobs: Iterable[bytes]) -> tuple[Runs, bytes]:
    """The runs and the text of consecutive blobs together."""
    parts = [content(blob) for blob in blobs]
    runs = tuple(run for runs, _ in parts for run in runs)
    return runs, b"\n".join(text for _, text in parts)


def _divided(runs: Runs, lines: int) -> tuple[Runs, Runs]:
    """The runs of the first so many lines, and those of the rest."""
    for number, (count, time) in enumerate(runs):
        if lines < count:
            begun = ((lines, time),) if lines else ()
            return (*runs[:number], *begun), ((count - lines, time), *runs[number + 1 :])
        lines -= count
    return runs, ()
