"""Stopping and deleting processes."""

from uuid import UUID

from jobs.claim import finish
from jobs.doorbell import Topic
from jobs.piece import Packer
from models.instant import now
from models.process import Deletion, Process
from models.status import Status
from models.transaction import transaction
from models.user import Scope
from resolvers.access import needs
from resolvers.application import Application
from resolvers.errors import NotFound
from resolvers.processes import own_process, process
from resolvers.viewer import Viewer


@needs(Scope.START)
async def stop(viewer: Viewer, app: Application, process_id: UUID) -> Process:
    """Asks for the end of a process; one that is not started yet ends at once.

    Of a process that has ended, or is being stopped, nothing changes.
    """
    found = await own_process(viewer, process_id)
    reason = f"Stopped by {viewer.name}"
    closing = Packer().say(f"{reason} before it was started")
    ended = found.status == Status.SCHEDULED and await finish(
        process_id, Status.STOPPED, reason, since=Status.SCHEDULED, closing=closing
    )
    if not ended:
        running = Process.filter(
            id=process_id, status=Status.RUNNING.value, stop_requested_at__isnull=True
        )
        await running.update(stop_requested_at=now(), stop_requested_by=viewer.name)
    await app.doorbell.ring(Topic.PROCESS, [process_id])
    await app.doorbell.ring(Topic.OUTPUT, [process_id])
    return await process(viewer, process_id)


@needs(Scope.START)
async def delete(viewer: Viewer, app: Application, process_id: UUID) -> None:
    """From now on the process is gone for every reader; what it left, a worker removes.

    A worker that runs it finds it gone and ends the script.
    """
    await own_process(viewer, process_id)
    await _delete(process_id)
    await app.doorbell.ring(Topic.DELETION)
    await app.doorbell.ring(Topic.PROCESS, [process_id])
    await app.doorbell.ring(Topic.OUTPUT, [process_id])


@transaction
async def _delete(process_id: UUID) -> None:
    if not await Process.filter(id=process_id).delete():
        raise NotFound(f"There is no process {process_id}")
    await Deletion.create(process_id=process_id)
