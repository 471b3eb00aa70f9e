"""Scalars beyond GraphQL's own."""

from datetime import UTC, datetime
from typing import NewType
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from models.instant import read_instant
from resolvers.errors import BadInput

BigInt = NewType("BigInt", int)


def _read_instant(value: object) -> datetime:
    try:
        return read_instant(str(value))
    except ValueError:
        raise GraphQLError(f"{value!r} is not a time such as 2026-11-23T10:00:00Z") from None


def _read_integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise GraphQLError(f"{value!r} is not a whole number")
    return value


def written(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds and a `Z`: 2026-11-23T10:00:00.000001Z."""
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds')[:26]}Z"


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A moment in ISO 8601, answered in UTC with microseconds. "
        "Without a zone it is taken as UTC.",
        serialize=written,
        parse_value=_read_instant,
    ),
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number that may be larger than 32 bits.",
        serialize=int,
        parse_value=_read_integer,
    ),
}


def read_id(text: strawberry.ID, name: str = "id") -> UUID:
    """The UUID of an ID argument. Raises BadInput."""
    try:
        return UUID(text)
    except ValueError:
        example = "000003f1-a850-49de-af03-997272d834c9"
        raise BadInput({name: [f"{text!r} is not an id such as {example}."]}) from None
