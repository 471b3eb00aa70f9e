"""Processes: one, and pages of many."""

from dataclasses import replace
from uuid import UUID

from models.instant import now
from models.process import Process, light
from models.status import Status
from models.user import Scope
from resolvers.access import needs
from resolvers.application import Application
from resolvers.audit import audited
from resolvers.errors import Forbidden, NotFound
from resolvers.order import Cursor, Sort
from resolvers.query import Filter, Query
from resolvers.rights import may_end, require_sight
from resolvers.viewer import Viewer


@audited("process.read", "process_id", only=Forbidden)
@needs(Scope.READ)
async def process(viewer: Viewer, process_id: UUID) -> Process:
    """Raises NotFound where there is none, Forbidden where it is somebody else's.

    What it was given is not read with it, here and in lists: `resolvers.given` has it.
    """
    found = await Process.get_or_none(id=process_id).only(*light())
    if found is None:
        raise NotFound(f"There is no process {process_id}")
    require_sight(viewer, found)
    return found


@needs(Scope.START)
async def own_process(viewer: Viewer, process_id: UUID) -> Process:
    """One that the viewer may stop and delete: their own or, for administrators, anyone's.

    Raises as `process` does, and Forbidden where they may only see it.
    """
    found = await process(viewer, process_id)
    if not may_end(viewer, found):
        raise Forbidden(
            f"The process {process_id} is somebody else's; you may see it, but only they and "
            "administrators may stop or delete it"
        )
    return found


@needs(Scope.READ)
async def page(
    viewer: Viewer,
    wanted: Filter,
    sort: Sort,
    limit: int,
    *,
    after: Cursor | None = None,
    before: Cursor | None = None,
    backwards: bool = False,
) -> list[Process]:
    """The first `limit` processes between two cursors; `backwards`: the last ones.

    Who is no administrator sees their own and what they were granted to read; who was granted
    nothing gets Forbidden when asking for another's.
    """
    query = Query(viewer, wanted)
    if after is not None:
        query.beyond(sort.columns, after, descending=sort.descending)
    if before is not None:
        query.beyond(sort.columns, before, descending=not sort.descending)
    found = [_read(row) for row in await query.page(sort, limit, backwards=backwards)]
    return found[::-1] if backwards else found


@needs(Scope.READ)
async def numbered_page(
    viewer: Viewer, wanted: Filter, sort: Sort, limit: int, offset: int
) -> tuple[list[Process], int]:
    """A page by its offset, and how many there are in all: one query where the page has any."""
    rows = await Query(viewer, wanted).page(sort, limit, offset, counted=True)
    if not rows:
        return [], await count(viewer, wanted)
    return [_read(row) for row in rows], int(str(rows[0]["total"]))


_ENDED: dict[object, Process] = {}
MOST_REMEMBERED = 5000  # processes


def _read(row: dict[str, object]) -> Process:
    """A row as a model. An ended process never changes again, so each is read only once."""
    found = _ENDED.get(row["id"])
    if found is None:
        found = Process._init_from_db(**row)
        if Status(found.status).ended:
            if len(_ENDED) >= MOST_REMEMBERED:
                _ENDED.clear()
            _ENDED[row["id"]] = found
    return found


@needs(Scope.READ)
async def count(viewer: Viewer, wanted: Filter) -> int:
    """How many there are that the viewer may see."""
    return await Query(viewer, wanted).count()


@needs(Scope.READ)
async def count_by_status(viewer: Viewer, wanted: Filter) -> dict[Status, int]:
    """How many there are in each status that the viewer may see, whatever statuses are wanted."""
    found = await Query(viewer, replace(wanted, statuses=None)).count_by_status()
    return {status: found.get(status, 0) for status in Status}


async def waits_for(app: Application, found: Process) -> str | None:
    """What a SCHEDULED process waits for: "TIME", "TURN" or "WORKER"; None: it does not wait."""
    if found.status != Status.SCHEDULED:
        return None
    if found.start_time > now():
        return "TIME"
    script = app.catalogue.get(found.script)
    if script and script.concurrency is not None:
        running = Process.filter(script=found.script, status=Status.RUNNING.value)
        if await running.count() >= script.concurrency:
            return "TURN"
    return "WORKER"
