"""Pages of lists (Relay)."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import strawberry

from resolvers.errors import BadInput
from schema.context import Info

DEFAULT_PAGE = 20

Row = TypeVar("Row")


@strawberry.type(description="Where a page of a list ends, and whether it goes on (Relay).")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there are more after `endCursor`.")
    has_previous_page: bool = strawberry.field(
        description="Whether there are more before `startCursor`."
    )
    start_cursor: str | None = strawberry.field(description="The cursor of the first edge.")
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last edge: the `after` of the next page."
    )


async def page(
    info: Info,
    first: int,
    after: str | None,
    read: Callable[[int], Awaitable[list[Row]]],
    cursor: Callable[[Row], str],
) -> tuple[list[Row], PageInfo]:
    """The first rows of those that are read after a cursor, so many at most. Raises BadInput."""
    most = info.context.max_page_size
    if not 0 <= first <= most:
        raise BadInput({"first": [f"This must be from 0 to {most}."]})
    rows = await read(first + 1)
    more, rows = len(rows) > first, rows[:first]
    return rows, PageInfo(
        has_next_page=more,
        has_previous_page=after is not None,
        start_cursor=cursor(rows[0]) if rows else None,
        end_cursor=cursor(rows[-1]) if rows else None,
    )
