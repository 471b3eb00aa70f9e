"""Points in time, stored as whole microseconds since 1970 (UTC).

A number compares alike on SQLite and PostgreSQL and cannot lose its zone on the way; SQLite keeps
ORM datetimes as text, in which an offset other than UTC sorts wrongly.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from tortoise.fields.base import Field

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FARTHEST = timedelta(days=3660)  # from now, for a time that somebody sets


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def ago(seconds: float) -> datetime:
    """The moment so long ago, or 1970 if that is longer ago than that."""
    moment = now()
    return moment - timedelta(seconds=min(seconds, (moment - EPOCH).total_seconds()))


def to_micros(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime.

    >>> to_micros(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC))
    1000005
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return (moment - EPOCH) // MICROSECOND


FIRST, LAST = (to_micros(end.replace(tzinfo=UTC)) for end in (datetime.min, datetime.max))


def from_micros(micros: int) -> datetime:
    """The UTC datetime of that many microseconds since 1970, or the nearest that there can be: a
    row that has another harms nobody who reads others.

    >>> from_micros(1 << 62).year
    9999
    """
    return EPOCH + MICROSECOND * min(max(micros, FIRST), LAST)


def read_instant(text: str) -> datetime:
    """The moment that a text in ISO 8601 names, in UTC where it has no zone. Raises ValueError."""
    moment = read_date(text.strip().upper())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def read_date(text: str) -> datetime:
    """The day, or the time of a day, of a text in ISO 8601, as it is written. Raises ValueError.

    Python takes any sign for the T before a time of day, that of a zone too: two o'clock would come
    of 2030-01-01+02:00.
    """
    date.fromisoformat(re.split("[Tt ]", text, maxsplit=1)[0])
    return datetime.fromisoformat(text)


class InstantField(Field[T]):
    """A datetime column; aware values in any zone go in, UTC comes out."""

    SQL_TYPE = "BIGINT"
    field_type = datetime

    if TYPE_CHECKING:

        @overload
        def __new__(
            cls, *, null: Literal[True], **options: Any
        ) -> "InstantField[datetime | None]": ...
        @overload
        def __new__(cls, **options: Any) -> "InstantField[datetime]": ...
        def __new__(cls, **options: Any) -> Any: ...

    def to_db_value(self, value: Any, instance: Any) -> int | None:
        if value is None or isinstance(value, int):
            return value
        return to_micros(value)

    def to_python_value(self, value: Any) -> Any:
        if value is None or isinstance(value, datetime):
            return value
        return from_micros(value)
