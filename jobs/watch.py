"""The watch: every worker looks after all others, and ends what lost ones held.

A worker is lost once its lease has been seen to stand still for as long as it is. Nobody compares
clocks, and nobody counts a time in which it could not look: so neither clocks that differ, nor an
observer that was paused, nor a database that was away for a while make anybody lose anything.
"""

import logging
from datetime import timedelta
from uuid import UUID

from tortoise.expressions import Subquery

from jobs.claim import finish
from jobs.doorbell import Topic
from jobs.piece import Packer
from jobs.site import Site
from jobs.standstill import Standstill
from models.instant import now
from models.process import Process, light
from models.status import Status
from models.worker import Worker

log = logging.getLogger(__name__)


class Watch:
    """What one worker, `worker_id`, sees of the others."""

    def __init__(self, worker_id: UUID, site: Site) -> None:
        self._worker_id = worker_id
        self._site = site
        most = 1.5 * site.terms.look
        self._leases = Standstill[UUID](most)
        self._orphans = Standstill[UUID](most)

    async def look(self) -> None:
        """One round, to be repeated after `Terms.look` seconds."""
        try:
            await self._give_up_lost()
            await self._end_orphans()
        except BaseException:
            self._leases.forget()
            self._orphans.forget()
            raise

    async def _give_up_lost(self) -> None:
        workers = await Worker.filter(lost_at__isnull=True).exclude(id=self._worker_id)
        stood = self._leases.look({each.id: each.lease_until for each in workers})
        for worker in workers:
            if stood[worker.id] >= worker.lease:
                still = Worker.filter(
                    id=worker.id, lost_at__isnull=True, lease_until=worker.lease_until
                )
                if await still.update(lost_at=now()):
                    log.warning("Worker %s is given up: %s", worker.id, why_lost(worker))

    async def _end_orphans(self) -> None:
        """Ends what nobody holds any more. Not what was not so at the last look: a worker on the
        same machine may take it over first."""
        holders = Worker.filter(lost_at__isnull=True).values("id")
        orphans = await Process.filter(
            status=Status.RUNNING.value, worker_id__not_in=Subquery(holders)
        ).only(*light())
        stood = self._orphans.look({each.id: each.worker_id for each in orphans})
        for process in orphans:
            if stood[process.id] > 0:
                await self._end(process)

    async def _end(self, process: Process) -> None:
        """FAILED, with a last line that says why."""
        reason = why_lost(await Worker.get_or_none(id=process.worker_id))
        closing = (await Packer.after(process)).say(reason)
        holder = process.worker_id
        if await finish(process.id, Status.FAILED, reason, holder=holder, closing=closing):
            log.warning("Process %s failed: %s", process.id, reason)
            await self._site.doorbell.ring(Topic.PROCESS, [process.id])
            await self._site.doorbell.ring(Topic.OUTPUT, [process.id])


def why_lost(worker: Worker | None) -> str:
    """What happened to what a worker held, in words."""
    if worker is None:
        return "The worker that held this process is gone"
    if worker.left_at is not None:
        return (
            f"The worker on the machine {worker.machine} left at {worker.left_at:%Y-%m-%d %H:%M:%S}"
            f" UTC, and no other took its place there within {worker.lease} s"
        )
    heard = worker.lease_until - timedelta(seconds=worker.lease)
    return (
        f"The machine {worker.machine} was lost; its worker was last heard of at "
        f"{heard:%Y-%m-%d %H:%M:%S} UTC"
    )
