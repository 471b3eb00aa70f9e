"""Adoption: what a worker takes over from others on its machine, and what it clears away there."""

import asyncio
import logging
from collections.abc import AsyncIterator, Container
from uuid import UUID

from jobs.claim import succeed
from jobs.ids import ids_in
from jobs.lease import Lease
from jobs.run import Run
from jobs.site import Site
from models.durability import durable
from models.outage import complain
from models.process import Deletion, Process
from models.status import Status
from models.worker import Worker

log = logging.getLogger(__name__)


class Adoption:
    """One worker's, whose lease it is; nothing is taken over while it is `closed`.

    It is `settled` if, as of the last look, no script runs here whose process is over.
    """

    def __init__(self, site: Site, lease: Lease) -> None:
        self.closed = False
        self.settled = asyncio.Event()
        self._site = site
        self._lease = lease

    async def look(self, followed: Container[UUID]) -> AsyncIterator[Process]:
        """One round: clears away what is over, and yields each process that is now the worker's.

        `followed` are those that it has in its hands already.
        """
        lives = dict(await asyncio.to_thread(self._lease.others))
        for worker_id in [each for each, alive in lives.items() if not alive and self._open]:
            for inherited in await succeed(worker_id, self._lease.id):
                yield inherited
            await durable()
            await asyncio.to_thread(self._lease.bury, worker_id)
        left = 0
        for run in await asyncio.to_thread(self._runs):
            if run.process_id in followed:
                continue
            process = await Process.get_or_none(id=run.process_id)
            if process is None or Status(process.status).ended:
                left += await self._clear(run, deleted=process is None)
            elif await self._take_over(process):
                yield process
        if left:
            self.settled.clear()
        else:
            self.settled.set()

    @property
    def _open(self) -> bool:
        return not self.closed and not self._lease.lost.is_set()

    def _runs(self) -> list[Run]:
        """The runs on this machine."""
        runs = [Run(self._site.runs, each) for each in ids_in(self._site.runs)]
        return [run for run in runs if run.marked]

    async def _clear(self, run: Run, *, deleted: bool) -> bool:
        """Ends and removes what is left of a process that was deleted or has ended, if it can be.

        True: its script has still to end.
        """
        try:
            if await asyncio.to_thread(run.supervised):
                run.stop("The process is over")
                return True
            if deleted:  # its files may have been stored after the removal, so there is one more
                again = [Deletion(process_id=run.process_id)]
                await Deletion.bulk_create(again, ignore_conflicts=True)
            await durable()
            await asyncio.to_thread(run.remove)
        except FileNotFoundError:
            pass  # whoever ended it clears it away, too
        except OSError as error:
            complain(log, f"What is left of {run.process_id} cannot be cleared away", error)
        return False

    async def _take_over(self, process: Process) -> bool:
        if process.status != Status.RUNNING or await self._is_held(process) or not self._open:
            return False
        held = Process.filter(
            id=process.id, worker_id=process.worker_id, status=Status.RUNNING.value
        )
        return await held.update(worker_id=self._lease.id) > 0

    async def _is_held(self, process: Process) -> bool:
        """Whether nobody here may have it: it is this worker's, or that of one that has its lease,
        or of another machine. Then all that lies here is left of a claim that came to nothing."""
        holder = process.worker_id
        if holder == self._lease.id or not self._lease.knows(holder):
            return True
        return await Worker.exists(id=holder, lost_at__isnull=True)
