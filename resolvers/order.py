"""The orders of a list of processes, and places in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from models.instant import to_micros
from models.process import Process

NEVER = (1 << 63) - 1  # microseconds: that of what has not ended


class SortKey(StrEnum):
    """What a list is sorted by; the values are columns, or stand for TERMS."""

    SCRIPT = "script"
    START_TIME = "start_time"
    CREATED_AT = "created_at"
    ENDED_AT = "ended_at"
    DURATION = "duration"


# What has not ended comes after all that has. There is an index of each of these expressions.
TERMS = {
    "ended_at": f'COALESCE("ended_at", {NEVER})',
    "duration": f'COALESCE("ended_at" - "start_time", {NEVER})',
}


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
        kinds = [str if column in ("script", "id") else int for column in self.columns]
        if [type(each) for each in values] != kinds:
            raise ValueError(values)
        cursor = tuple(each for each in values if isinstance(each, str | int))
        if not all(map(_is_kept, cursor)) or str(UUID(str(cursor[-1]))) != cursor[-1]:
            raise ValueError(values)
        return cursor


def _is_kept(value: str | int) -> bool:
    """Whether databases take it."""
    return "\0" not in value if isinstance(value, str) else abs(value) <= NEVER


Cursor = tuple[str | int, ...]
"""The values of a process in the sort's columns: its place in the list."""


def cursor_of(process: Process, sort: Sort) -> Cursor:
    """Where a process stands in a list sorted so; times in microseconds since 1970."""
    start = to_micros(process.start_time)
    end = to_micros(process.ended_at) if process.ended_at else None
    values: dict[str, str | int] = {
        "script": process.script,
        "start_time": start,
        "created_at": to_micros(process.created_at),
        "ended_at": NEVER if end is None else end,
        "duration": NEVER if end is None else end - start,
        "id": str(process.id),
    }
    return tuple(values[column] for column in sort.columns)


def term(column: str) -> str:
    """A column of an order in SQL."""
    return TERMS.get(column, f'"{column}"')
