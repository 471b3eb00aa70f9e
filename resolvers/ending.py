"""Stopping and deleting processes."""

from uuid import UUID

from jobs.claim import finish
from jobs.doorbell import Topic
from jobs.piece import Packer
from jobs.turn import pass_on
from models.instant import now
from models.process import Deletion, Process
from models.status import Status
from models.user import Scope
from resolvers.access import needs
from resolvers.application import Application
from resolvers.audit import about, audited, facts, recorded
from resolvers.errors import NotFound
from resolvers.processes import own_process, process
from resolvers.viewer import Viewer


@audited("process.stop", "process_id")
@needs(Scope.START)
async def stop(viewer: Viewer, app: Application, process_id: UUID) -> Process:
    """Asks for the end of a process; one that is not started yet ends at once.

    Of a process that has ended, or is being stopped, nothing changes.
    """
    found = await own_process(viewer, process_id)
    await _stop(found, viewer.name)
    await app.doorbell.ring(Topic.PROCESS, [process_id])
    await app.doorbell.ring(Topic.OUTPUT, [process_id])
    await _pass_on(app, found)
    return await process(viewer, process_id)


@audited("process.delete", "process_id")
@needs(Scope.START)
async def delete(viewer: Viewer, app: Application, process_id: UUID) -> None:
    """From now on the process is gone for every reader; what it left, a worker removes.

    A worker that runs it finds it gone and ends the script.
    """
    found = await own_process(viewer, process_id)
    await _delete(found)
    await app.doorbell.ring(Topic.DELETION)
    await app.doorbell.ring(Topic.PROCESS, [process_id])
    await app.doorbell.ring(Topic.OUTPUT, [process_id])
    await _pass_on(app, found)


async def _pass_on(app: Application, found: Process) -> None:
    """The turn, of one that was not started yet: in the queue it may have been the only one."""
    if found.status == Status.SCHEDULED:
        await pass_on(app.queue, app.catalogue.get(found.script))


@recorded
async def _stop(found: Process, name: str) -> None:
    about(found.id, status=found.status, **facts(found))
    reason = f"Stopped by {name}"
    closing = Packer().say(f"{reason} before it was started")
    ended = found.status == Status.SCHEDULED and await finish(
        found.id, Status.STOPPED, reason, since=Status.SCHEDULED, closing=closing
    )
    if not ended:
        running = Process.filter(
            id=found.id, status=Status.RUNNING.value, stop_requested_at__isnull=True
        )
        await running.update(stop_requested_at=now(), stop_requested_by=name)


@recorded
async def _delete(found: Process) -> None:
    about(found.id, status=found.status, **facts(found))
    if not await Process.filter(id=found.id).delete():
        raise NotFound(f"There is no process {found.id}")
    await Deletion.create(process_id=found.id)
