"""The query of a list of processes: what is wanted, in which order, of what the viewer may see."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import NamedTuple
from uuid import UUID

from models.database import connection
from models.instant import to_micros
from models.process import light, parameter_digest
from models.status import Status
from resolvers.errors import Forbidden
from resolvers.order import Cursor, Sort, term
from resolvers.rights import may_see_all, readable
from resolvers.viewer import Viewer

MOST_PARTS = 100  # that a list is put together of


class Range(NamedTuple):
    """From a moment to another, both included; None: no bound."""

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """All of these must hold. `statuses` None: any; `parameters` are names and values.

    `text` is the id or its beginning, or is in the name of the script or the user, in the reason or
    in a parameter, in small or capital letters.
    """

    script: str | None = None
    user_id: UUID | None = None
    statuses: Sequence[Status] | None = None
    parameters: Sequence[tuple[str, str]] = ()
    created_at: Range = field(default_factory=Range)
    start_time: Range = field(default_factory=Range)
    ended_at: Range = field(default_factory=Range)
    text: str | None = None


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
        texts = [text for each in wanted.parameters for text in each]
        texts += [wanted.script or "", wanted.text or ""]
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
            ("ended_at", wanted.ended_at),
        ):
            if bounds.start is not None:
                self._where(f'"{column}" >= {{}}', to_micros(bounds.start))
            if bounds.end is not None:
                self._where(f'"{column}" <= {{}}', to_micros(bounds.end))
        if wanted.text:
            self._where_said(wanted.text)

    def _where_said(self, text: str) -> None:
        """Only what has this text in it; parameters are kept as JSON."""
        like = f"{'ILIKE' if self._postgres else 'LIKE'} {{}} ESCAPE '!'"
        anywhere, said = _pattern(text), _pattern(json.dumps(text, ensure_ascii=False)[1:-1])
        ways = [
            f'CAST("id" AS TEXT) {like}',
            f'"script" {like}',
            f'"reason" {like}',
            f'CAST("parameters" AS TEXT) {like}',
            f'"user_id" IN (SELECT "id" FROM "user_account" WHERE "name" {like})',  # noqa: S608
        ]
        self._where(f"({' OR '.join(ways)})", anywhere[1:], anywhere, anywhere, said, anywhere)

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
        names = ", ".join(map(term, columns))
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
        """So many rows, without what is heavy; `backwards`: in the opposite order. `counted`: each
        has the `total`.

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
        return await self._run(f'SELECT {_columns()}{total} FROM "process"{where}{tail}')  # noqa: S608

    async def count(self) -> int:
        """How many there are."""
        return int(str((await self._run(self._counting))[0]["total"]))

    async def count_by_status(self) -> dict[Status, int]:
        """How many there are in each status of which there are any."""
        where = f'"process"{self._where_any(self._sights)} GROUP BY "status"'
        rows = await self._run(f'SELECT "status", count(*) AS "total" FROM {where}')  # noqa: S608
        return {Status(str(row["status"])): int(str(row["total"])) for row in rows}

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


@cache
def _columns() -> str:
    return ", ".join(f'"{each}"' for each in light())


def _order(sort: Sort, *, backwards: bool) -> str:
    direction = "DESC" if sort.descending != backwards else "ASC"
    return ", ".join(f"{term(column)} {direction}" for column in sort.columns)


def _pattern(text: str) -> str:
    """What has this text anywhere, for LIKE; `!` takes the meaning from what follows it."""
    for special in "!%_":
        text = text.replace(special, f"!{special}")
    return f"%{text}%"


def _for_sqlite(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value
