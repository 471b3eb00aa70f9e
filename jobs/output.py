"""Reading stored output: the one reader that serves every face (design, section 6).

History and live are the same query from a cursor, so there is no hand-over between them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from uuid import UUID

from tortoise.queryset import QuerySet

from jobs.chunk import Batch, join, unpack
from models.output import OutputChunk

PAGE = 1 << 20  # characters of text after which a page is full
ROWS = 32  # chunks fetched at once
SMALL = 1 << 14  # bytes of blobs that are unpacked without a thread

Chunks = list[tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class Window:
    """Which lines: those numbered above `after` that came between two times, both included.

    Times are in microseconds since 1970. None: no bound.
    """

    after: int = 0
    from_time: int | None = None
    to_time: int | None = None

    def cut(self, batch: Batch) -> Batch | None:
        """What of a batch lies in the window."""
        numbered = batch.between(self.after + 1, batch.last_seq)
        return numbered and numbered.during(self.from_time, self.to_time)


async def read(process_id: UUID, window: Window, lines: int | None = None) -> Batch | None:
    """The first lines of the window, `lines` or a PAGE at most; None where there are none."""
    chunks = await _rows(process_id, window).order_by("last_seq").values_list("first_seq", "data")
    return await _in_thread(_first, chunks, window, lines)


async def read_last(process_id: UUID, window: Window, lines: int) -> Batch | None:
    """The last lines of the window, `lines` or a PAGE at most; None where there are none."""
    chunks = await _rows(process_id, window).order_by("-last_seq").values_list("first_seq", "data")
    return await _in_thread(_last, chunks, window, lines)


async def read_all(process_id: UUID, window: Window) -> AsyncIterator[Batch]:
    """All stored lines of the window, a batch at a time."""
    while batch := await read(process_id, window):
        yield batch
        window = replace(window, after=batch.last_seq)


def _rows(process_id: UUID, window: Window) -> QuerySet[OutputChunk]:
    rows = OutputChunk.filter(process_id=process_id, last_seq__gt=window.after)
    if window.from_time is not None:
        rows = rows.filter(last_time__gte=window.from_time)
    if window.to_time is not None:
        rows = rows.filter(first_time__lte=window.to_time)
    return rows.limit(ROWS)


async def _in_thread(
    gather: Callable[[Chunks, Window, int | None], Batch | None],
    chunks: Chunks,
    window: Window,
    lines: int | None,
) -> Batch | None:
    if sum(len(data) for _, data in chunks) <= SMALL:
        return gather(chunks, window, lines)
    return await asyncio.to_thread(gather, chunks, window, lines)


def _first(chunks: Chunks, window: Window, lines: int | None) -> Batch | None:
    batches = _gather(chunks, window, lines)
    if not batches:
        return None
    batch = join(batches)
    return batch if lines is None else batch.between(0, batch.first_seq + lines - 1)


def _last(chunks: Chunks, window: Window, lines: int | None) -> Batch | None:
    batches = _gather(chunks, window, lines)
    if not batches:
        return None
    batch = join(batches[::-1])
    return batch if lines is None else batch.between(batch.last_seq - lines + 1, batch.last_seq)


def _gather(chunks: Chunks, window: Window, lines: int | None) -> list[Batch]:
    batches: list[Batch] = []
    size = count = 0
    for first_seq, data in chunks:
        batch = window.cut(unpack(first_seq, data))
        if batch is None:
            continue
        batches.append(batch)
        size += len(batch.text)
        count += batch.count
        if size >= PAGE or (lines is not None and count >= lines):
            break
    return batches
