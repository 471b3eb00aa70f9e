"""The worker: claims processes, starts a supervisor for each, and stores what they write.

It does not hold the scripts: a worker that leaves hands them over to the next one on its machine.
"""

import asyncio
import fcntl
import logging
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

from jobs.background import beside, end
from jobs.claim import CLOCKS_DIFFER, claim, next_in_turn
from jobs.doorbell import Topic
from jobs.execution import TROUBLE, Execution
from jobs.journal import Journal
from jobs.merge import merge_requested
from jobs.queue import LaunchQueue
from jobs.removal import remove_deleted
from jobs.run import Run
from jobs.site import Site
from jobs.trouble import Trouble
from models.instant import now
from models.process import Process
from models.status import Status
from models.worker import Worker as WorkerRow

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
FAREWELL = 60.0  # seconds that stopped scripts may take to end
RENEW = 5.0  # seconds between renewals of the lease


class Worker:
    """Runs scripts while it is `open`: those it is told to `launch`, and those it adopts."""

    def __init__(self, site: Site) -> None:
        self.id = uuid4()
        self._site = site
        self._journal = Journal(self.id, site.doorbell)
        self._trouble = Trouble(site.data)
        self._executions: dict[UUID, Execution] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._slots: LaunchQueue | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Worker"]:
        """Keeps the lease inside. Leaving leaves the scripts running for the next worker."""
        for folder in (self._site.runs, self._site.workers):
            folder.mkdir(parents=True, exist_ok=True)
        own = self._site.workers / str(self.id)
        async with AsyncExitStack() as stack:
            fcntl.flock(stack.enter_context(own.open("w")), fcntl.LOCK_EX)
            stack.callback(own.unlink, missing_ok=True)
            await WorkerRow.create(
                id=self.id, machine=socket.gethostname(), lease_until=now() + LEASE
            )
            await stack.enter_async_context(self._journal.open())
            await stack.enter_async_context(beside(merge_requested(), "merge"))
            await stack.enter_async_context(beside(remove_deleted(self._site), "removal"))
            stack.push_async_callback(self._end_tasks)
            self._go(self._renew())
            self._go(self._tend())
            await self.adopt()
            yield self

    def use_slots(self, slots: LaunchQueue) -> None:
        """From now on each running script takes one of these slots."""
        self._slots = slots
        for _ in self._executions:
            slots.hold()

    async def launch(self, process_id: UUID) -> None:
        """Claims a process that is due and starts it, if it is still there to be started."""
        row = await Process.get_or_none(id=process_id)
        if row is None or row.status != Status.SCHEDULED:
            return
        if row.start_time > now() + CLOCKS_DIFFER:
            await self._site.queue.put(row.id, row.start_time)
            return
        script = self._site.catalogue.get(row.script)
        if script is None:
            log.warning("Process %s waits for a worker that knows %r", row.id, row.script)
            return
        process = await claim(process_id, script, self.id)
        if process is not None:
            await self._site.doorbell.ring(Topic.PROCESS, [process.id])
            execution = self._execution(process)
            self._hold(process, execution, execution.start(script))

    async def adopt(self) -> None:
        """Takes over the scripts that another worker left on this machine."""
        for folder in await asyncio.to_thread(lambda: list(self._site.runs.iterdir())):
            run = Run(self._site.runs, UUID(folder.name))
            if run.process_id in self._executions:
                continue
            process = await Process.get_or_none(id=run.process_id)
            if process is None:  # deleted, but its files may have been stored after the removal
                await asyncio.to_thread(self._site.store.remove, run.process_id)
            if process is None or process.status != Status.RUNNING:
                await self._clear(run)
            elif not self._is_alive(process.worker_id) and await self._take_over(process):
                log.info("Process %s goes on with this worker", process.id)
                self._go_on(process)

    async def remember(self) -> None:
        """Follows what is this worker's without its knowing: the answer to a claim was lost."""
        claimed_long_ago = Process.filter(
            worker_id=self.id, status=Status.RUNNING.value, start_time__lt=now() - LEASE
        )
        for process in await claimed_long_ago:
            if process.id not in self._executions:
                self._go_on(process)

    async def stop_all(self, reason: str) -> None:
        """Stops every script and waits until all ends are stored, or FAREWELL is over."""
        for execution in self._executions.values():
            execution.stop(reason)
        try:
            async with asyncio.timeout(FAREWELL):
                await self._idle.wait()
        except TimeoutError:
            log.error("%d scripts have not ended; the next worker goes on", len(self._executions))

    def _execution(self, process: Process) -> Execution:
        return Execution(process, self._site, self._journal, self.id)

    def _go_on(self, process: Process) -> None:
        execution = self._execution(process)
        self._hold(process, execution, execution.go_on())

    def _hold(
        self, process: Process, execution: Execution, work: Coroutine[None, None, None]
    ) -> None:
        self._executions[process.id] = execution
        self._idle.clear()
        if self._slots is not None:
            self._slots.hold()
        self._go(self._see_through(process, execution, work))

    async def _see_through(
        self, process: Process, execution: Execution, work: Coroutine[None, None, None]
    ) -> None:
        """Awaits the end of an execution, then lets the next process have its place."""
        try:
            while not await self._ended_well(process, work):
                await asyncio.sleep(TROUBLE)
                work = execution.go_on()
        finally:
            self._trouble.end(process.id)
            del self._executions[process.id]
            if not self._executions:
                self._idle.set()
            if self._slots is not None:
                self._slots.release()
        script = self._site.catalogue.get(process.script)
        if script and script.concurrency is not None:
            waiting = await next_in_turn(script.name)
            if waiting:
                await self._site.queue.put(*waiting)

    async def _ended_well(self, process: Process, work: Coroutine[None, None, None]) -> bool:
        try:
            await work
        except Exception as error:  # no database, a full disk …: the script goes on meanwhile
            new = self._trouble.begin(process.id, error)
            log.warning(
                "Process %s cannot be followed now; trying again: %s",
                process.id,
                error,
                exc_info=new and not isinstance(error, OSError),
            )
            return False
        return True

    async def _clear(self, run: Run) -> None:
        """Ends and removes what is left of a process that was deleted or has ended."""
        if await asyncio.to_thread(run.supervised):
            run.stop("The process is over")
        else:
            await asyncio.to_thread(run.remove)

    async def _tend(self) -> None:
        """Stops what is to be stopped: on request, when deleted, or when it is no longer ours."""
        with self._site.doorbell.heard(Topic.PROCESS) as bell:
            while True:
                rung = await bell.wait()
                ids = [each for each in self._executions if not rung or str(each) in rung]
                try:
                    await self._stop_unwanted(ids)
                except Exception as error:  # whatever a driver raises while the database is away
                    log.warning("Cannot look for stop requests: %s", error)

    async def _stop_unwanted(self, ids: list[UUID]) -> None:
        if not ids:
            return
        rows = await Process.filter(id__in=ids).values_list("id", "worker_id", "stop_requested_by")
        found = {process_id: (holder, stopper) for process_id, holder, stopper in rows}
        for process_id in ids:
            execution = self._executions.get(process_id)
            holder, stopper = found.get(process_id, (None, None))
            if execution is None:
                continue
            if process_id not in found:
                execution.stop("The process was deleted")
            elif holder != self.id:
                execution.stop("The process is not this worker's any more")
            elif stopper is not None:
                execution.stop(f"Stopped by {stopper}")

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW)
            try:
                await WorkerRow.filter(id=self.id).update(
                    lease_until=now() + LEASE, trouble=await self._trouble.words()
                )
                await self.adopt()
                await self.remember()
            except Exception as error:  # as above
                log.warning("The lease could not be renewed: %s", error)

    def _is_alive(self, worker_id: UUID | None) -> bool:
        """Whether that worker lives on this machine."""
        try:
            with (self._site.workers / str(worker_id)).open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            pass
        return False

    async def _take_over(self, process: Process) -> bool:
        held = Process.filter(
            id=process.id, worker_id=process.worker_id, status=Status.RUNNING.value
        )
        return await held.update(worker_id=self.id) > 0

    def _go(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("A task of the worker failed", exc_info=task.exception())

    async def _end_tasks(self) -> None:
        await end(*self._tasks)
