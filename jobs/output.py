"""Reading stored output: the one reader that serves every face (design, section 6).

History and live are the same query from a cursor, so there is no hand-over between them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from jobs.chunk import Batch, join, unpack
from jobs.page import Chunks, Place, last_page, next_page, next_pages, page_until

SMALL = 1 << 14  # bytes of blobs that are unpacked without a thread
FEW = 1 << 16  # the same of many places together
ENDLESS = 1 << 62  # a number that no line has


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
        if self.after < batch.first_seq and self.from_time is None and self.to_time is None:
            return batch  # most often it is all
        numbered = batch.between(self.after + 1, batch.last_seq)
        return numbered and numbered.during(self.from_time, self.to_time)


async def read(process_id: UUID, window: Window, lines: int | None = None) -> Batch | None:
    """The first lines of the window, `lines` or a page at most; None where there are none."""
    chunks = await next_page(process_id, window.after, window.from_time)
    return await _in_thread(_first, chunks, window, lines)


async def read_next(places: Collection[Place]) -> Mapping[Place, Batch | None]:
    """The first lines behind each of many places, where few are there and their page is small."""
    pages = await next_pages(places)

    def gather() -> Mapping[Place, Batch | None]:
        return {place: _first(chunks, Window(place[1]), None) for place, chunks in pages.items()}

    if sum(len(data) for chunks in pages.values() for _, data in chunks) <= FEW:
        return gather()
    return await asyncio.to_thread(gather)


async def read_last(process_id: UUID, window: Window, lines: int) -> Batch | None:
    """The last lines of the window, `lines` or a page at most; None where there are none."""
    chunks = await last_page(process_id, window.after, window.to_time)
    found = await _in_thread(_last, chunks, window, lines)
    if found is None or window.to_time is None or found.count >= lines:
        return found
    # The page may be full with a chunk of which only the first lines came by then.
    first = found.first_seq
    chunks = await page_until(process_id, window.after, first - 1)
    more = await _in_thread(_last, chunks, window, lines)
    before = more and more.between(first - (lines - found.count), first - 1)
    return join([before, found]) if before else found


async def read_all(
    process_id: UUID, window: Window, last_seq: int = ENDLESS
) -> AsyncIterator[Batch]:
    """All stored lines of the window up to a number, a batch at a time; without one also those that
    are stored meanwhile.
    """
    while window.after < last_seq and (batch := await read(process_id, window)):
        if found := batch.between(batch.first_seq, last_seq):
            yield found
        window = replace(window, after=batch.last_seq)


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
    count = 0
    for first_seq, data in chunks:
        if lines is not None and count >= lines:
            break
        if batch := window.cut(unpack(first_seq, data)):
            batches.append(batch)
            count += batch.count
    return batches
