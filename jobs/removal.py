"""Removal: of what deleted processes leave behind, as soon as they are deleted."""

import logging
from asyncio import sleep
from itertools import accumulate
from uuid import UUID

from jobs.doorbell import Topic
from jobs.site import Site
from models.outage import Complaint, complain
from models.output import OutputChunk
from models.process import Deletion

log = logging.getLogger(__name__)

# What one statement removes, so that nobody waits long behind it: chunks, and bytes of their text.
CHUNKS = 1000
BYTES = 16 << 20
PAUSE = 0.005  # seconds in which others get their turn: SQLite has no queue for those who write


async def remove_deleted(site: Site) -> None:
    """Removes what is left of deleted processes, for ever."""
    complaint = Complaint(log, "Deleted processes cannot be removed now")
    with site.doorbell.heard(Topic.DELETION) as bell:
        while True:
            with complaint.instead():
                for deletion in await Deletion.all():
                    await remove(site, deletion.process_id)
            await bell.wait()


async def remove(site: Site, process_id: UUID) -> None:
    """Removes the stored output and files of a deleted process; safe to repeat.

    Files that cannot be removed keep nobody else's from it.
    """
    chunks = OutputChunk.filter(process_id=process_id)
    while some := await chunks.order_by("last_seq").limit(CHUNKS).values_list("last_seq", "size"):
        before = accumulate((size for _, size in some), initial=0)
        fitting = [seq for (seq, _), size in zip(some, before, strict=False) if size < BYTES]
        await chunks.filter(last_seq__lte=fitting[-1]).delete()
        await sleep(PAUSE)
    try:
        await site.store.aside(site.store.remove, process_id)
    except OSError as error:
        complain(log, f"Files of the deleted process {process_id} cannot be removed now", error)
    else:
        await Deletion.filter(process_id=process_id).delete()
