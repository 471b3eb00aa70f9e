"""Merging: the many small chunks of a script that prints line by line become few large ones.

Any worker does it, in the background. What is to be merged stands in the database, and each step is
one short transaction: a reader finds either the old chunks or the new one, and a worker that is
killed leaves nothing half done.
"""

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta
from itertools import accumulate, groupby
from uuid import UUID

from tortoise.queryset import QuerySet

from jobs.chunk import merge, pack
from models.instant import now
from models.outage import Complaint
from models.output import Merge, OutputChunk
from models.transaction import transaction

log = logging.getLogger(__name__)

LARGE = 1 << 17  # bytes of text from which on a chunk stays as it is
MANY = 1024  # chunks that become one in one step, at most
FEW = 16  # chunks that may stay, however small
LOOK_AGAIN = 2.0  # seconds between looks for what is to be merged
HOLD = timedelta(seconds=5)  # more than one step takes

Place = tuple[int, int, int]
"""The first and the last line of a chunk, and its size."""


async def request_merge(process_id: UUID) -> None:
    """Has the chunks of a process merged; a worker that is at it begins anew."""
    await Merge.bulk_create(
        [Merge(process_id=process_id)], on_conflict=["process_id"], update_fields=["held_until"]
    )


async def has_many_chunks(process_id: UUID) -> bool:
    """Whether they are worth merging."""
    chunks = OutputChunk.filter(process_id=process_id)
    return bool(await chunks.offset(FEW).limit(1).values_list("id"))


async def merge_requested() -> None:
    """Merges what is requested, one process after the other, for ever."""
    complaint = Complaint(log, "Output cannot be merged now")
    while True:
        with complaint.instead():
            while request := await Merge.filter(held_until__lt=now()).first():
                if await _hold(request) and await _merge(request):
                    await _held(request).delete()
        await asyncio.sleep(LOOK_AGAIN)


async def _merge(request: Merge) -> bool:
    """False: it was not finished, since it is requested anew, or the process is deleted."""
    process_id, after = request.process_id, 0
    while places := await _places(process_id, after):
        for first, last in groups(places):
            rows = _between(process_id, first, last).order_by("last_seq")
            blobs = [data for (data,) in await rows.values_list("data")]
            chunk = await asyncio.to_thread(_merged, process_id, first, blobs)
            if not await _replace(request, chunk):
                return False
        after = places[-1][1]
    return True


async def _places(process_id: UUID, after: int) -> list[Place]:
    rows = OutputChunk.filter(process_id=process_id, last_seq__gt=after).order_by("last_seq")
    return await rows.limit(MANY).values_list("first_seq", "last_seq", "size")


def groups(places: list[Place]) -> Iterator[tuple[int, int]]:
    """The first and the last line of each group of small chunks that are to become one."""
    before = accumulate((size for _, _, size in places), initial=0)
    numbered = zip(places, before, strict=False)
    for _, some in groupby(numbered, lambda each: (each[0][2] >= LARGE, each[1] // LARGE)):
        group = [place for place, _ in some]
        if len(group) > 1:
            yield group[0][0], group[-1][1]


def _merged(process_id: UUID, first_seq: int, blobs: list[bytes]) -> OutputChunk:
    runs, text = merge(blobs)
    return OutputChunk(
        process_id=process_id,
        first_seq=first_seq,
        last_seq=first_seq - 1 + sum(count for count, _ in runs),
        first_time=runs[0][1],
        last_time=runs[-1][1],
        size=len(text) + 1,
        data=pack(runs, text),
    )


@transaction
async def _replace(request: Merge, chunk: OutputChunk) -> bool:
    """Puts a chunk in the place of those with the same lines, if the request is still ours."""
    if not await _hold(request):
        return False
    await _between(chunk.process_id, chunk.first_seq, chunk.last_seq).delete()
    await chunk.save()
    return True


async def _hold(request: Merge) -> bool:
    """Takes it, or keeps it. False: it is somebody else's, is requested anew, or is gone."""
    until = now() + HOLD
    held = await _held(request).update(held_until=until)
    request.held_until = until
    return held > 0


def _held(request: Merge) -> QuerySet[Merge]:
    return Merge.filter(process_id=request.process_id, held_until=request.held_until)


def _between(process_id: UUID, first: int, last: int) -> QuerySet[OutputChunk]:
    return OutputChunk.filter(process_id=process_id, last_seq__gte=first, last_seq__lte=last)
