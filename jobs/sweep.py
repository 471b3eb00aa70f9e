"""The sweep: what keeps the promises when something was killed. Any worker runs it, one at a time.

It puts what is due back into the queue, and ends the processes of workers that were lost.
"""

import logging
from asyncio import to_thread
from datetime import timedelta

from jobs.claim import finish
from jobs.doorbell import Topic
from jobs.piece import Packer
from jobs.site import Site
from models.instant import now
from models.process import Process
from models.status import Status
from models.worker import Worker

log = logging.getLogger(__name__)

SOON = timedelta(seconds=60)  # what is due by then is put back into the queue
AT_ONCE = 1000  # processes put back in one sweep
FORGET_WORKERS = timedelta(days=1)


async def sweep(site: Site) -> None:
    """One round."""
    await requeue(site)
    await end_lost(site)
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
