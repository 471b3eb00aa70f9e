"""Excerpts of stored output: lines with those around them."""

from bisect import bisect_right
from collections.abc import AsyncGenerator, Iterable
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID

from jobs.chunk import Batch, Line, join
from jobs.output import Window, read_all


class Excerpt(NamedTuple):
    """A line, and those before and after it."""

    line: Line
    before: list[Line]
    after: list[Line]


class Lines:
    """Lines in hand, by their numbers."""

    def __init__(self, batch: Batch) -> None:
        self.first_seq = batch.first_seq
        self.last_seq = batch.last_seq
        self._texts = batch.text.split("\n")
        self._times = [time for _, time in batch.runs]
        self._ends = list(accumulate(count for count, _ in batch.runs))

    def between(self, first: int, last: int) -> list[Line]:
        """Those numbered `first` to `last`, both included; fewer where the output ends."""
        start, stop = first - self.first_seq, last - self.first_seq + 1
        texts = enumerate(self._texts[start:stop], start)
        return [Line(self.first_seq + place, self._time(place), text) for place, text in texts]

    def _time(self, place: int) -> int:
        return self._times[bisect_right(self._ends, place)]


async def excerpts(
    process_id: UUID, seqs: Iterable[int], context: int
) -> AsyncGenerator[Excerpt, None]:
    """Stored lines by their numbers, which ascend; each with `context` lines on either side.

    Ends at a line that is gone.
    """
    lines: Lines | None = None
    for seq in seqs:
        first, last = max(1, seq - context), seq + context
        if lines is None or lines.last_seq < last:
            lines = await _lines(process_id, first, last)
        if lines is None or lines.last_seq < seq:
            return
        (line,) = lines.between(seq, seq)
        yield Excerpt(line, lines.between(first, seq - 1), lines.between(seq + 1, last))


async def _lines(process_id: UUID, first: int, last: int) -> Lines | None:
    """These lines and more, as far as they are stored; None: the first is gone."""
    batches: list[Batch] = []
    async for batch in read_all(process_id, Window(after=first - 1)):
        batches.append(batch)
        if batch.last_seq >= last:
            break
    return Lines(join(batches)) if batches and batches[0].first_seq == first else None
