"""The sweep: what keeps the promises when something was killed. Any worker runs it, one at a time.

It puts what is due back into the queue, ends the processes of workers that were lost, and removes
what is left of deleted processes.
"""

import logging
from asyncio import to_thread
from datetime import timedelta
from uuid import UUID

from jobs.claim import finish
from jobs.doorbell import Topic
from jobs.piece import Packer
from jobs.site import Site
from models.instant import now
from models.output import OutputChunk
from models.process import Deletion, Process
from models.status import Status
from models.worker import Worker

log = logging.getLogger(__name__)

SOON = timedelta(seconds=60)  # what is due by then is put back into the queue
AT_ONCE = 1000  # processes put back in one sweep
CHUNKS_AT_ONCE = 200  # rows removed in one statement, so that nobody waits long behind it
FORGET_WORKERS = timedelta(days=1)


async def sweep(site: Site) -> None:
    """One round."""
    await requeue(site)
    await end_lost(site)
    for deletion in await Deletion.all():
        await clean_up(site, deletion.process_id)
    await Worker.filter(lease_until__lt=now() - FORGET_WORKERS).delete()
    await to_thread(site.store.sweep_stages)


async def requeue(site: Site) -> None:
    """Puts what is due, or soon will be, into the queue, in case Redis has lost it."""
    waiting = Process.filter(status=Status.SCHEDULED.value, start_time__lte=now() + SOON)
    for process in await waiting.order_by("start_time").limit(AT_ONCE).only("id", "start_time"):
        await site.queue.put(process.id, process.start_time)


async def end_lost(site: Site) -> None:
    """FAILED, with a last line that says why, is what a lost worker held."""
    for worker in await Worker.filter(lease_until__lt=now()):
        for process in await Process.filter(worker_id=worker.id, status=Status.RUNNING.value):
            reason = (
                f"The machine {worker.machine} was lost; its worker was last heard of before "
                f"{worker.lease_until:%Y-%m-%d %H:%M:%S} UTC"
            )
            closing = (await Packer.after(process)).say(reason)
            if await finish(process.id, Status.FAILED, reason, holder=worker.id, closing=closing):
                log.warning("Process %s failed: %s", process.id, reason)
                await site.doorbell.ring(Topic.PROCESS, [process.id])
                await site.doorbell.ring(Topic.OUTPUT, [process.id])


async def clean_up(site: Site, process_id: UUID) -> None:
    """Removes the stored output and files of a deleted process; safe to repeat."""
    await to_thread(site.store.remove, process_id)
    chunks = OutputChunk.filter(process_id=process_id)
    while ids := await chunks.limit(CHUNKS_AT_ONCE).values_list("id", flat=True):
        await OutputChunk.filter(id__in=ids).delete()
    await Deletion.filter(process_id=process_id).delete()
