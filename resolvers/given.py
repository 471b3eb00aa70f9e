"""What processes were given: their parameters, of those that the viewer is known to see.

They may be as long as a request and are shown seldom, so rows of processes come without them, and
who shows them asks here. They never change: what is short is read only once.
"""

from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Mapping
from typing import NamedTuple, TypeVar
from uuid import UUID

import orjson

from models.database import connection, placeholders
from models.process import Process

EACH = 256  # bytes that each parameter counts as, besides its JSON: thousands may be empty
SHORT = 4096  # bytes
AT_ONCE = 4 << 20  # bytes in memory; more only if one process was given more
MOST_REMEMBERED = 5000  # processes
LONGEST_EXCERPT = 500  # characters
IN_ONE_LINE = dict.fromkeys(map(ord, "\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"), " ")
SIZES = {  # of the column, in bytes
    "postgres": f'octet_length("parameters"::text) + {EACH} * jsonb_array_length("parameters")',
    "sqlite": f'length(CAST("parameters" AS BLOB)) + {EACH} * json_array_length("parameters")',
}

Parameters = list[tuple[str, str]]
Value = TypeVar("Value")


class Found(NamedTuple):
    """Parameters that are short, and how many bytes those have that are not."""

    short: dict[UUID, Parameters]
    long: dict[UUID, int]

    @property
    def size(self) -> int:
        """In bytes, those of texts that are short left out."""
        return sum(self.long.values()) + EACH * sum(map(len, self.short.values()))


_KNOWN: dict[UUID, Parameters | int] = {}
_EXCERPTS: dict[UUID, str] = {}  # of long ones


async def look(ids: Collection[UUID]) -> Found:
    """What there is, without reading what is long; of processes that are deleted nothing."""
    known = {each: _KNOWN[each] for each in ids if each in _KNOWN}
    if missing := [each for each in ids if each not in known]:
        new = await _measured(missing)
        _remember(_KNOWN, new)
        known |= new
    short = {each: found for each, found in known.items() if not isinstance(found, int)}
    long = {each: found for each, found in known.items() if isinstance(found, int)}
    return Found(short, long)


async def parameters_of(
    ids: Collection[UUID], admit: Callable[[int], None] = lambda size: None
) -> dict[UUID, Parameters]:
    """Of all of these processes. `admit` is told how many bytes they take, and raises where these
    are too many."""
    found = await look(ids)
    admit(found.size)
    return found.short | await _read(found.long)


async def piecewise(ids: Collection[UUID]) -> AsyncGenerator[dict[UUID, Parameters], None]:
    """The same in this order, so many at a time that their size is bounded."""
    found = await look(ids)
    for some in _groups(ids, found.long):
        long = await _read([each for each in some if each in found.long])
        both = found.short | long
        yield {each: both[each] for each in some if each in both}


async def excerpts_of(ids: Collection[UUID]) -> dict[UUID, str]:
    """The parameters of each in one line, as far as it is not too long."""
    found = await look(ids)
    shown = {each: _excerpt(parameters) for each, parameters in found.short.items()}
    shown |= {each: _EXCERPTS[each] for each in found.long if each in _EXCERPTS}
    missing = [each for each in found.long if each not in shown]
    async for some in piecewise(missing):
        new = {each: _excerpt(parameters) for each, parameters in some.items()}
        _remember(_EXCERPTS, new)
        shown |= new
    return shown


def _excerpt(parameters: Parameters) -> str:
    shown = ""
    for name, value in parameters:
        shown += f" -{name}" if value == "true" else f" -{name} {value[:LONGEST_EXCERPT]}"
        if len(shown) > LONGEST_EXCERPT + 1:  # with the space before the first
            shown = f"{shown[:LONGEST_EXCERPT]}…"
            break
    return shown[1:].translate(IN_ONE_LINE)


async def _measured(ids: Collection[UUID]) -> dict[UUID, Parameters | int]:
    size = SIZES[connection().capabilities.dialect]
    short = f'CASE WHEN {size} <= {SHORT} THEN CAST("parameters" AS TEXT) END'
    marks = ", ".join(placeholders(1, len(ids)))
    columns = f'"id", {size} AS "size", {short} AS "short"'
    sql = f'SELECT {columns} FROM "process" WHERE "id" IN ({marks})'  # noqa: S608
    rows = await connection().execute_query_dict(sql, [str(each) for each in ids])
    return {UUID(str(row["id"])): _found(row) for row in rows}


def _found(row: Mapping[str, object]) -> Parameters | int:
    short = row["short"]
    if short is None:
        return int(str(row["size"]))
    parameters: Parameters = orjson.loads(str(short))
    return parameters


async def _read(ids: Collection[UUID]) -> dict[UUID, Parameters]:
    if not ids:
        return {}
    rows = await Process.filter(id__in=list(ids)).values_list("id", "parameters")
    return dict(rows)


def _groups(ids: Collection[UUID], sizes: Mapping[UUID, int]) -> Iterator[list[UUID]]:
    group, size = list[UUID](), 0
    for each in ids:
        own = sizes.get(each, 0)
        if group and size + own > AT_ONCE:
            yield group
            group, size = [], 0
        group.append(each)
        size += own
    if group:
        yield group


def _remember(known: dict[UUID, Value], new: Mapping[UUID, Value]) -> None:
    if len(known) + len(new) > MOST_REMEMBERED:
        known.clear()
    known.update(new)
