"""The worker: claims processes, starts a supervisor for each, and stores what they write.

It does not hold the scripts: a worker that leaves hands them over to the next one on its machine.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

from jobs.adoption import Adoption
from jobs.background import beside, end
from jobs.claim import CLOCKS_DIFFER, claim
from jobs.doorbell import LOOK_AGAIN, Topic
from jobs.execution import Execution
from jobs.journal import Journal
from jobs.lease import Lease
from jobs.merge import merge_requested
from jobs.queue import LaunchQueue
from jobs.removal import remove_deleted
from jobs.report import Reports
from jobs.run import Run
from jobs.site import Site
from jobs.trouble import Trouble
from jobs.turn import pass_on
from jobs.unknown import end_unknown
from jobs.watch import Watch
from models.instant import now
from models.outage import TROUBLE, Complaint, complain, is_outage
from models.process import Process, light
from models.script import Script
from models.status import Status

log = logging.getLogger(__name__)

SEEN = ("id", "status", "worker_id", "stop_requested_by")  # what says whether to stop a script
LONGEST = 30.0  # seconds between two attempts to go on with a process
LONGEST_OF_CHEAP = 5.0  # seconds, where an attempt fails soon
FAREWELL = 60.0  # seconds that stopped scripts may take to end


class Worker:
    """Runs scripts while it is `open`: those it is told to `launch`, and those it adopts. Once its
    lease is `lost`, it is to be closed.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._trouble = Trouble(site.data)
        self._lease = Lease(site.workers, site.terms, site.catalogue, self._trouble)
        self.id = self._lease.id
        self.lost = self._lease.lost
        self._idle = asyncio.Event()
        self._idle.set()
        self._watch = Watch(self.id, site)
        self._adoption = Adoption(site, self._lease)
        self._journal = Journal(self.id, site.doorbell)
        self._reports = Reports(self.id, site.doorbell)
        self._executions: dict[UUID, Execution] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._claims = 0  # on their way to the database, or back
        self._slots: LaunchQueue | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Worker"]:
        """Keeps the lease inside. Leaving leaves the scripts running for the next worker."""
        for folder in (self._site.runs, self._site.workers):
            folder.mkdir(parents=True, exist_ok=True)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._lease.open())
            await stack.enter_async_context(self._journal.open())
            await stack.enter_async_context(self._reports.open())
            await stack.enter_async_context(beside(merge_requested(), "merge"))
            await stack.enter_async_context(beside(remove_deleted(self._site), "removal"))
            await stack.enter_async_context(beside(end_unknown(self._site), "unknown scripts"))
            stack.push_async_callback(self._end_tasks)
            self._go(self._tend())
            await self.adopt()
            self._trouble.beginning = False
            await self._lease.renew()  # so that all know of it now
            self._go(self._look_around())
            yield self

    def use_slots(self, slots: LaunchQueue) -> None:
        """From now on each running script takes one of these slots."""
        self._slots = slots
        for _ in self._executions:
            slots.hold()

    async def launch(self, process_id: UUID) -> bool:
        """Claims a process that is due and starts it, if it is still there to be started.

        False: it is for another worker, since this one does not know its script.
        """
        row = await Process.get_or_none(id=process_id).only(*light())
        if row is None or row.status != Status.SCHEDULED:
            return True
        if row.start_time > now() + CLOCKS_DIFFER:
            await self._site.queue.put(row.id, row.start_time)
            return True
        script = self._site.catalogue.get(row.script)
        if script is not None:
            await self._claim(process_id, script)
        return script is not None

    async def _claim(self, process_id: UUID, script: Script) -> None:
        self._claims += 1
        try:
            process = await claim(process_id, script, self.id, self._mark)
            if process is None or process.id in self._executions:
                return
            execution = self._execution(process)
            self._hold(process, execution, execution.start())
        except OSError as error:
            log.warning("Process %s cannot be claimed now: %s", process_id, error)
            return
        finally:
            self._claims -= 1
        await self._site.doorbell.ring(Topic.PROCESS, [process.id])

    def _mark(self, process_id: UUID) -> None:
        Run(self._site.runs, process_id).mark()

    async def adopt(self) -> None:
        """Takes over what another worker left on this machine, and clears away what is over."""
        async for process in self._adoption.look(self._executions.keys()):
            log.info("Process %s goes on with this worker", process.id)
            self._go_on(process)

    async def drain(self) -> None:
        """Adopts nothing from now on, and waits until no script is left to be looked after."""
        self._adoption.closed = True
        await self._until_idle()

    async def remember(self) -> None:
        """Goes on with what is this worker's without its knowing: the answer to a claim was lost.

        Not while an answer may still come, for it may be about the same process.
        """
        ours = Process.filter(worker_id=self.id, status=Status.RUNNING.value)
        unknown = set(await ours.values_list("id", flat=True)) - self._executions.keys()
        if unknown and not self._claims:
            for process in await Process.filter(id__in=unknown).only(*light()):
                if process.id not in self._executions:
                    self._go_on(process)

    async def stop_all(self, reason: str) -> None:
        """Stops every script and waits until all ends are stored, or FAREWELL is over."""
        for execution in self._executions.values():
            execution.stop(reason)
        try:
            async with asyncio.timeout(FAREWELL):
                await self._until_idle()
        except TimeoutError:
            log.error("%d scripts have not ended; the next worker goes on", len(self._executions))

    async def _until_idle(self) -> None:
        """Waits for the end of its scripts, then of those whose processes others have ended."""
        await self._idle.wait()
        await self._adoption.settled.wait()

    def _execution(self, process: Process) -> Execution:
        return Execution(process, self._site, self._journal, self._reports, self.id)

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
        pause, began = TROUBLE, time.monotonic()
        try:
            while not await self._ended_well(process, work):
                await asyncio.sleep(pause)
                pause, began = longer(pause, time.monotonic() - began - pause), time.monotonic()
                work = execution.go_on()
        finally:
            self._trouble.end(process.id)
            del self._executions[process.id]
            if not self._executions:
                self._idle.set()
            if self._slots is not None:
                self._slots.release()
        await pass_on(self._site.queue, self._site.catalogue.get(process.script))

    async def _ended_well(self, process: Process, work: Coroutine[None, None, None]) -> bool:
        loop = asyncio.get_running_loop()
        goes_well = loop.call_later(LONGEST, self._trouble.end, process.id)
        try:
            await work
        except Exception as error:  # no database, a full disk …: the script goes on meanwhile
            new = self._trouble.begin(process.id, error)
            log.warning(
                "Process %s cannot be followed now; trying again: %s",
                process.id,
                error,
                exc_info=new and not is_outage(error),
            )
            return False
        finally:
            goes_well.cancel()
        return True

    async def _tend(self) -> None:
        """Stops what is to be stopped: on request, when deleted, or when others have ended it.

        Looks at all of them now and then, whatever rings meanwhile: what was not heard, or could
        not be looked at, must not wait until nothing rings.
        """
        complaint = Complaint(log, "Cannot look for stop requests")
        with self._site.doorbell.heard(Topic.PROCESS) as bell:
            looked = -LOOK_AGAIN  # when it was looked at all
            while True:
                rung = await bell.wait()
                began = time.monotonic()
                everything = not rung or began >= looked + LOOK_AGAIN
                ids = [each for each in self._executions if everything or str(each) in rung]
                with complaint.instead():
                    await self._stop_unwanted(ids)
                    looked = began if everything else looked

    async def _stop_unwanted(self, ids: list[UUID]) -> None:
        if not ids:
            return
        rows = await Process.filter(id__in=ids).only(*SEEN)
        found = {process.id: process for process in rows}
        for process_id in ids:
            execution = self._executions.get(process_id)
            reason = why_stop(found.get(process_id), self.id)
            if execution is not None and reason is not None:
                execution.stop(reason)

    async def _look_around(self) -> None:
        looks = [
            (self._watch.look, Complaint(log, "Cannot look after the other workers")),
            (self.adopt, Complaint(log, "Cannot look after what others left")),
            (self.remember, Complaint(log, "Cannot look after what was claimed")),
        ]
        while True:
            await asyncio.sleep(self._site.terms.look)
            for look, complaint in looks:
                with complaint.instead():
                    await look()

    def _go(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            complain(log, "A task of the worker failed", error)

    async def _end_tasks(self) -> None:
        await end(*self._tasks)


def longer(pause: float, took: float) -> float:
    """The next pause between two attempts, the last of which took so many seconds.

    Each reads again all that is stored, and the files: where that is much, it is not done often.
    What has gone on for long has gone well.
    """
    if took > LONGEST:
        return TROUBLE
    return min(2 * pause, LONGEST if took > TROUBLE else LONGEST_OF_CHEAP)


def why_stop(process: Process | None, worker_id: UUID) -> str | None:
    """Why a worker is to stop a script that it follows, if it is, in words.

    Not because another worker holds the process: then that one, on the same machine, follows it.
    """
    if process is None:
        return "The process was deleted"
    if Status(process.status).ended:
        return "The process is over"
    if process.worker_id == worker_id and process.stop_requested_by is not None:
        return f"Stopped by {process.stop_requested_by}"
    return None
