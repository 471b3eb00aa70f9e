"""Removal: of what deleted processes leave behind, as soon as they are deleted."""

import logging
import time
from asyncio import sleep
from itertools import accumulate
from uuid import UUID

from jobs.doorbell import Topic
from jobs.site import Site
from models.outage import Complaint
from models.output import OutputChunk
from models.process import Deletion

log = logging.getLogger(__name__)

# What one statement removes, so that nobody waits long behind it: chunks, and bytes of their text.
CHUNKS = 1000
BYTES = 16 << 20
PAUSE = 0.005  # seconds in which others get their turn: SQLite has no queue for those who write

# After a round in vain, of perhaps many thousands: a pause so many times as long, or in seconds.
REST, LONGEST = 9, 60.0


async def remove_deleted(site: Site) -> None:
    """Removes what is left of deleted processes, for ever."""
    complaint = Complaint(log, "Deleted processes cannot be removed now")
    with site.doorbell.heard(Topic.DELETION) as bell:
        while True:
            began = time.monotonic()
            try:
                await _remove_all(site)
            except Exception as error:
                complaint.say(error)
                await sleep(min(REST * (time.monotonic() - began), LONGEST))
            else:
                complaint.end()
            await bell.wait()


async def _remove_all(site: Site) -> None:
    """Files that cannot be removed keep nothing else from it; in the end one of them is told of."""
    trouble: OSError | None = None
    for deletion in await Deletion.all():
        await _remove_output(deletion.process_id)
        try:
            await site.store.aside(site.store.remove, deletion.process_id)
        except OSError as error:
            trouble = error
        else:
            await deletion.delete()
    if trouble:
        raise trouble


async def _remove_output(process_id: UUID) -> None:
    """In small steps; safe to repeat."""
    chunks = OutputChunk.filter(process_id=process_id)
    while some := await chunks.order_by("last_seq").limit(CHUNKS).values_list("last_seq", "size"):
        before = accumulate((size for _, size in some), initial=0)
        fitting = [seq for (seq, _), size in zip(some, before, strict=False) if size < BYTES]
        await chunks.filter(last_seq__lte=fitting[-1]).delete()
        await sleep(PAUSE)
