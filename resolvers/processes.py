"""Processes: one, and pages of many."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from models.database import connection
from models.instant import now, to_micros
from models.process import Process, parameter_digest
from models.status import Status
from models.user import Scope
from resolvers.access import needs
from resolvers.application import Application
from resolvers.errors import Forbidden, NotFound
from resolvers.viewer import Viewer


class SortKey(StrEnum):
    """What a list is sorted by; the values are columns."""

    SCRIPT = "script"
    START_TIME = "start_time"
    CREATED_AT = "created_at"


class Range(NamedTuple):
    """From a moment to another, both included; None: no bound."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """All of these must hold. `statuses` None: any; `parameters` are names and values."""

    script: str | None = None
    user_id: UUID | None = None
    statuses: Sequence[Status] | None = None
    parameters: Sequence[tuple[str, str]] = ()
    created_at: Range = field(default_factory=Range)
    start_time: Range = field(default_factory=Range)


@dataclass(frozen=True, slots=True)
class Sort:
    """Newest start first unless said otherwise."""

    by: SortKey = SortKey.START_TIME
    descending: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """What the order is by; the last column is unique."""
        if self.by is SortKey.SCRIPT:
            return ("script", "start_time", "id")
        return (self.by.value, "id")

    def cursor(self, values: Sequence[object]) -> "Cursor":
        """These values as a cursor of this order. Raises ValueError if they are none."""
        kinds = {"script": str, "start_time": int, "created_at": int, "id": str}
        if [type(each) for each in values] != [kinds[column] for column in self.columns]:
            raise ValueError(values)
        UUID(str(values[-1]))
        return tuple(each for each in values if isinstance(each, str | int))


Cursor = tuple[str | int, ...]
"""The values of a process in the sort's columns: its place in the list."""


def cursor_of(process: Process, sort: Sort) -> Cursor:
    """Where a process stands in a list sorted so; times in microseconds since 1970."""
    values: dict[str, str | int] = {
        "script": process.script,
        "start_time": to_micros(process.start_time),
        "created_at": to_micros(process.created_at),
        "id": str(process.id),
    }
    return tuple(values[column] for column in sort.columns)


@needs(Scope.READ)
async def process(viewer: Viewer, process_id: UUID) -> Process:
    """Raises NotFound where there is none, Forbidden where it is somebody else's."""
    found = await Process.get_or_none(id=process_id)
    if found is None:
        raise NotFound(f"There is no process {process_id}")
    require_sight(viewer, found)
    return found


def require_sight(viewer: Viewer, found: Process) -> None:
    """Raises Forbidden where it is somebody else's."""
    if not may_see(viewer, found):
        raise Forbidden(f"The process {found.id} is somebody else's")


def may_see(viewer: Viewer, found: Process) -> bool:
    """Owners see their own, administrators see all."""
    return viewer.is_admin or found.user_id == viewer.id


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

    Who is no administrator sees only their own, and gets Forbidden when asking for another's.
    """
    query = _Query(viewer, wanted)
    if after is not None:
        query.beyond(sort.columns, after, descending=sort.descending)
    if before is not None:
        query.beyond(sort.columns, before, descending=not sort.descending)
    tail = f" ORDER BY {_order(sort, backwards=backwards)} LIMIT {int(limit)}"
    rows = await query.run(f'SELECT * FROM "process"{query.where}{tail}')  # noqa: S608
    found = [_read(row) for row in rows]
    return found[::-1] if backwards else found


@needs(Scope.READ)
async def numbered_page(
    viewer: Viewer, wanted: Filter, sort: Sort, limit: int, offset: int
) -> tuple[list[Process], int]:
    """A page by its offset, and how many there are in all: one query where the page has any."""
    query = _Query(viewer, wanted)
    total = f'(SELECT count(*) FROM "process"{query.where}) AS "total"'  # noqa: S608
    tail = f" ORDER BY {_order(sort)} LIMIT {int(limit)} OFFSET {int(offset)}"
    rows = await query.run(f'SELECT *, {total} FROM "process"{query.where}{tail}')  # noqa: S608
    if not rows:
        return [], await count(viewer, wanted)
    return [_read(row) for row in rows], int(str(rows[0]["total"]))


def _order(sort: Sort, *, backwards: bool = False) -> str:
    direction = "DESC" if sort.descending != backwards else "ASC"
    return ", ".join(f'"{column}" {direction}' for column in sort.columns)


_ENDED: dict[object, Process] = {}
MOST_REMEMBERED = 5000  # processes
LONGEST_REMEMBERED = 4096  # characters of their parameters


def _read(row: dict[str, object]) -> Process:
    """A row as a model. An ended process never changes again, so each is read only once."""
    found = _ENDED.get(row["id"])
    if found is None:
        found = Process._init_from_db(**row)
        if Status(found.status).ended and len(str(row["parameters"])) <= LONGEST_REMEMBERED:
            if len(_ENDED) >= MOST_REMEMBERED:
                _ENDED.clear()
            _ENDED[row["id"]] = found
    return found


@needs(Scope.READ)
async def count(viewer: Viewer, wanted: Filter) -> int:
    """How many there are that the viewer may see."""
    query = _Query(viewer, wanted)
    rows = await query.run(f'SELECT count(*) AS "total" FROM "process"{query.where}')  # noqa: S608
    return int(str(rows[0]["total"]))


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


class _Query:
    """Hand-written SQL: the ORM's query builder costs more than the list itself."""

    def __init__(self, viewer: Viewer, wanted: Filter) -> None:
        self._postgres = connection().capabilities.dialect == "postgres"
        self._conditions: list[str] = []
        self._values: list[object] = []
        user_id = wanted.user_id
        if not viewer.is_admin:
            if user_id not in (None, viewer.id):
                raise Forbidden("Only administrators may see the processes of others")
            user_id = viewer.id
        texts = (wanted.script or "", *(text for each in wanted.parameters for text in each))
        # PostgreSQL takes neither a NUL in a text nor an empty list
        if wanted.statuses == [] or any("\0" in text for text in texts):
            self._conditions.append("1 = 0")
            return
        if wanted.script is not None:
            self._where('"script" = {}', wanted.script)
        if user_id is not None:
            self._where('"user_id" = {}', user_id)
        if wanted.statuses is not None:
            marks = ", ".join("{}" for _ in wanted.statuses)
            self._where(f'"status" IN ({marks})', *(each.value for each in wanted.statuses))
        for name, value in wanted.parameters:
            found = 'SELECT "process_id" FROM "parameter" WHERE "digest" = {}'
            self._where(f'"id" IN ({found})', parameter_digest(name, value))
        for column, bounds in (
            ("created_at", wanted.created_at),
            ("start_time", wanted.start_time),
        ):
            if bounds.start is not None:
                self._where(f'"{column}" >= {{}}', to_micros(bounds.start))
            if bounds.end is not None:
                self._where(f'"{column}" <= {{}}', to_micros(bounds.end))

    def beyond(self, columns: tuple[str, ...], cursor: Cursor, *, descending: bool) -> None:
        """Only what stands behind the cursor. Row values use the index that sorts."""
        names = ", ".join(f'"{column}"' for column in columns)
        marks = ", ".join("{}" for _ in columns)
        place = [*cursor[:-1], UUID(str(cursor[-1]))]
        self._where(f"({names}) {'<' if descending else '>'} ({marks})", *place)

    @property
    def where(self) -> str:
        return f" WHERE {' AND '.join(self._conditions)}" if self._conditions else ""

    async def run(self, sql: str) -> list[dict[str, object]]:
        return await connection().execute_query_dict(sql, self._values)

    def _where(self, condition: str, *values: object) -> None:
        marks = []
        for value in values:
            self._values.append(value if self._postgres else _for_sqlite(value))
            marks.append(f"{'$' if self._postgres else '?'}{len(self._values)}")
        self._conditions.append(condition.format(*marks))


def _for_sqlite(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value
