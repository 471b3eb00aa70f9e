"""Changes of processes, as they happen."""

from collections.abc import AsyncGenerator, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from jobs.doorbell import EVERYTHING, Topic
from models.instant import now
from models.process import Process
from models.status import Status
from models.user import Scope
from resolvers.access import needs
from resolvers.application import Application
from resolvers.processes import process
from resolvers.rights import may_see, may_see_all, require_sight
from resolvers.viewer import Viewer


class Change(NamedTuple):
    """A process as it is now; None: it was deleted."""

    process_id: UUID
    process: Process | None


@needs(Scope.READ)
async def changes(
    viewer: Viewer, app: Application, process_id: UUID | None
) -> AsyncGenerator[Change, None]:
    """New and changed processes that the viewer may see, or one process, until it is deleted.

    Of one process its present state comes first.
    """
    about = EVERYTHING if process_id is None else str(process_id)
    known: dict[UUID, object] = {}
    with app.seats.taken(viewer), app.doorbell.heard(Topic.PROCESS, about) as bell:
        looked = now()
        if process_id is not None:
            found = await process(viewer, process_id)
            known[process_id] = _state(found)
            yield Change(process_id, found)
        while True:
            rung = await bell.wait()
            viewer = await app.door.renew(viewer)
            since, looked = looked, now()
            ids = frozenset(map(UUID, rung) if process_id is None else [process_id])
            rows = await (app.live.rows(ids) if ids else _changed_since(since))
            for row in rows:
                if process_id is not None:
                    require_sight(viewer, row)
                if may_see(viewer, row) and known.get(row.id) != _state(row):
                    known[row.id] = _state(row)
                    yield Change(row.id, row)
            for gone in _gone(ids, rows):
                if known.pop(gone, None) is not None or may_see_all(viewer):
                    yield Change(gone, None)
                if gone == process_id:
                    return


def _state(row: Process) -> tuple[object, ...]:
    return (row.status, row.start_time, row.stop_requested_at, row.reported_at)


def _changed_since(moment: datetime) -> QuerySet[Process]:
    """For when no bell was heard. What was deleted meanwhile is not told.

    An index finds each of the three kinds; SQLite reads all rows where there are more of them.
    """
    told = Q(stop_requested_at__gte=moment) | Q(reported_at__gte=moment)
    return Process.filter(
        Q(start_time__gte=moment)  # also of what is new, which starts no sooner than it is made
        | Q(ended_at__gte=moment)
        | (Q(status=Status.RUNNING.value) & told)
    )


def _gone(ids: Iterable[UUID], rows: Iterable[Process]) -> set[UUID]:
    return set(ids) - {row.id for row in rows}
