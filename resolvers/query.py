"""The query of a list of processes: what is wanted, in which order, of what the viewer may see."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from models.database import connection
from models.instant import to_micros
from models.process import Process, parameter_digest
from models.status import Status
from resolvers.errors import Forbidden
from resolvers.rights import may_see_all, readable
from resolvers.viewer import Viewer

MOST_PARTS = 100  # that a list is put together of


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


class Query:
    """Hand-written SQL: the ORM's query builder costs more than the list itself.

    `_sights` are conditions of which one must hold for the viewer to see a process; without any
    they see all that are wanted.
    """

    def __init__(self, viewer: Viewer, wanted: Filter) -> None:
        self._postgres = connection().capabilities.dialect == "postgres"
        self._conditions: list[str] = []
        self._values: list[object] = []
        self._sights = self._what_is_seen(viewer, wanted)
        texts = (wanted.script or "", *(text for each in wanted.parameters for text in each))
        # PostgreSQL takes neither a NUL in a text nor an empty list
        if wanted.statuses == [] or any("\0" in text for text in texts):
            self._conditions.append("1 = 0")
            return
        if wanted.script is not None:
            self._where('"script" = {}', wanted.script)
        if wanted.user_id is not None:
            self._where('"user_id" = {}', wanted.user_id)
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

    def _what_is_seen(self, viewer: Viewer, wanted: Filter) -> list[str]:
        """The sights. Raises Forbidden where the viewer asks for others', but may see none."""
        scripts = readable(viewer)
        others = wanted.user_id not in (None, viewer.id)
        if others and not viewer.is_admin and not scripts:
            raise Forbidden("Only administrators may see the processes of others")
        if may_see_all(viewer) or wanted.user_id == viewer.id or wanted.script in scripts:
            return []
        own = [] if others else [self._condition('"user_id" = {}', viewer.id)]
        if wanted.script is None:
            own += [self._condition('"script" = {}', each) for each in scripts]
        return own or ["1 = 0"]

    def beyond(self, columns: tuple[str, ...], cursor: Cursor, *, descending: bool) -> None:
        """Only what stands behind the cursor. Row values use the index that sorts."""
        names = ", ".join(f'"{column}"' for column in columns)
        marks = ", ".join("{}" for _ in columns)
        place = [*cursor[:-1], UUID(str(cursor[-1]))]
        self._where(f"({names}) {'<' if descending else '>'} ({marks})", *place)

    async def page(
        self,
        sort: Sort,
        limit: int,
        offset: int = 0,
        *,
        backwards: bool = False,
        counted: bool = False,
    ) -> list[dict[str, object]]:
        """So many rows; `backwards`: in the opposite order. `counted`: each has the `total`.

        Where there are several sights, each gives its first rows by the index that sorts them: to
        look for all of them at once, databases would read all of the table, or sort most of it.
        """
        order = _order(sort, backwards=backwards)
        where = self._where_any(self._sights)
        if 1 < len(self._sights) <= MOST_PARTS:
            parts = (self._part(each, order, limit + offset) for each in self._sights)
            where = f' WHERE "id" IN ({" UNION ".join(parts)})'
        total = f', ({self._counting}) AS "total"' if counted else ""
        tail = f" ORDER BY {order} LIMIT {int(limit)} OFFSET {int(offset)}"
        return await self._run(f'SELECT *{total} FROM "process"{where}{tail}')  # noqa: S608

    async def count(self) -> int:
        """How many there are."""
        return int(str((await self._run(self._counting))[0]["total"]))

    @property
    def _counting(self) -> str:
        return f'SELECT count(*) AS "total" FROM "process"{self._where_any(self._sights)}'  # noqa: S608

    def _part(self, sight: str, order: str, limit: int) -> str:
        """The first rows of one sight."""
        where, tail = self._where_any([sight]), f"ORDER BY {order} LIMIT {int(limit)}"
        return f'SELECT "id" FROM (SELECT "id" FROM "process"{where} {tail}) AS "part"'  # noqa: S608

    def _where_any(self, sights: list[str]) -> str:
        """All conditions, and one of the sights."""
        seen = [f"({' OR '.join(sights)})"] if sights else []
        conditions = [*self._conditions, *seen]
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    async def _run(self, sql: str) -> list[dict[str, object]]:
        return await connection().execute_query_dict(sql, self._values)

    def _where(self, condition: str, *values: object) -> None:
        self._conditions.append(self._condition(condition, *values))

    def _condition(self, condition: str, *values: object) -> str:
        marks = []
        for value in values:
            self._values.append(value if self._postgres else _for_sqlite(value))
            marks.append(f"{'$' if self._postgres else '?'}{len(self._values)}")
        return condition.format(*marks)


def _order(sort: Sort, *, backwards: bool) -> str:
    direction = "DESC" if sort.descending != backwards else "ASC"
    return ", ".join(f'"{column}" {direction}' for column in sort.columns)


def _for_sqlite(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value
