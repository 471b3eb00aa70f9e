"""Changes of processes, as they happen."""

import time
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from typing import NamedTuple
from uuid import UUID

from jobs.doorbell import EVERYTHING, LOOK_AGAIN, Topic
from models.process import Process
from models.user import Scope
from resolvers.access import needs
from resolvers.application import Application
from resolvers.order import Sort
from resolvers.processes import page, process
from resolvers.query import Filter
from resolvers.rights import may_see, may_see_all, require_sight
from resolvers.viewer import Viewer

REMEMBERED = 5000  # processes of which one subscriber knows the state
NEWEST = 1000  # of which they know it from the beginning

State = tuple[object, ...]


class Change(NamedTuple):
    """A process as it is now; None: it was deleted."""

    process_id: UUID
    process: Process | None


@needs(Scope.READ)
async def changes(
    viewer: Viewer, app: Application, process_id: UUID | None
) -> AsyncGenerator[Change, None]:
    """New and changed processes that the viewer may see, or one process, until it is deleted.

    Of one process its present state comes first. An outage of the database is waited out.
    """
    with app.seats.taken(viewer):
        found = _of_all(viewer, app) if process_id is None else _of_one(viewer, app, process_id)
        async with aclosing(found):
            async for change in found:
                yield change


async def _of_one(
    viewer: Viewer, app: Application, process_id: UUID
) -> AsyncGenerator[Change, None]:
    wait_for = app.live.patiently
    with app.doorbell.heard(Topic.PROCESS, process_id) as bell:
        row: Process | None = await wait_for(process, viewer, process_id)
        state = None
        while row is not None:
            if state != _state(row):
                state = _state(row)
                yield Change(process_id, row)
            await bell.wait()
            viewer = await wait_for(app.door.renew, viewer)
            row = await wait_for(app.live.row, process_id)
            if row is not None:
                require_sight(viewer, row)
        yield Change(process_id, None)


async def _of_all(viewer: Viewer, app: Application) -> AsyncGenerator[Change, None]:
    """What the doorbell tells of, and now and then whatever has changed lately."""
    wait_for = app.live.patiently
    known = Known()
    with app.doorbell.heard(Topic.PROCESS, EVERYTHING) as bell:
        looked = time.monotonic()
        known.learn(await wait_for(_present, viewer, app), told=False)
        while True:
            rung = frozenset(map(UUID, await bell.wait()))
            ids = set(rung)
            viewer = await wait_for(app.door.renew, viewer)
            if (since := time.monotonic() - looked) >= LOOK_AGAIN:
                looked += since
                lately = await wait_for(app.recent.changed, since)
                ids |= {row.id for row in lately if may_see(viewer, row) and known.is_news(row)}
            rows = await wait_for(app.live.rows, ids) if ids else []
            for row in rows:
                if may_see(viewer, row) and known.is_news(row, rung=row.id in rung):
                    known.learn([row], told=True)
                    yield Change(row.id, row)
            for gone in ids - {row.id for row in rows}:
                if known.forget(gone) or may_see_all(viewer):
                    yield Change(gone, None)


async def _present(viewer: Viewer, app: Application) -> list[Process]:
    """What a new subscriber need not be told of as it is. Of a process that was never known only
    those can be told that it was deleted who may see all."""
    newest = [] if may_see_all(viewer) else await page(viewer, Filter(), Sort(), NEWEST)
    lately = await app.recent.changed(0)
    return [*reversed(newest), *(row for row in lately if may_see(viewer, row))]


class Known:
    """The states of processes that were told last, or were there at the beginning, of the
    REMEMBERED newest ones."""

    def __init__(self) -> None:
        self._states: dict[UUID, tuple[State, bool]] = {}  # and whether it was told

    def is_news(self, row: Process, *, rung: bool = False) -> bool:
        """What is `rung` for and was not told is: the beginning was maybe looked at in between, and
        by the subscriber before."""
        state, told = self._states.get(row.id, (None, False))
        return state != _state(row) or (rung and not told)

    def learn(self, rows: Collection[Process], *, told: bool) -> None:
        for row in rows:
            self._states.pop(row.id, None)  # the newest stand last
            self._states[row.id] = _state(row), told
        while len(self._states) > REMEMBERED:
            del self._states[next(iter(self._states))]

    def forget(self, process_id: UUID) -> bool:
        """Whether it was known."""
        return self._states.pop(process_id, None) is not None


def _state(row: Process) -> State:
    return (row.status, row.start_time, row.stop_requested_at, row.reported_at)
