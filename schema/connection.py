"""The Relay connection of processes: opaque keyset cursors, so that deep pages cost as little as
the first and nothing is skipped or doubled while processes come and go."""

import base64
from datetime import datetime
from enum import Enum
from typing import Annotated

import orjson
import strawberry

from models.process import Process as ProcessRow
from models.status import Status
from resolvers import processes
from resolvers.errors import BadInput
from resolvers.order import Cursor, Sort, SortKey, cursor_of
from resolvers.query import Filter, Range
from schema.arguments import arg
from schema.context import Info
from schema.page import DEFAULT_PAGE, PageInfo
from schema.process import Process
from schema.scalars import read_id
from schema.status import ProcessStatus

LONGEST_TEXT = 1000  # characters; SQLite takes no pattern of more than 50 000 bytes


@strawberry.input(description="From one moment to another, both included; leave one out for none.")
class TimeRange:
    start: datetime | None = strawberry.field(default=None, description="Not before this moment.")
    end: datetime | None = strawberry.field(default=None, description="Not after this moment.")


@strawberry.input(description="A parameter and the value that it was given.")
class ParameterFilter:
    name: str = strawberry.field(description="The short name of the parameter.")
    value: str = strawberry.field(description="Its exact value.")


@strawberry.input(description="Which processes are wanted; everything that is given must hold.")
class ProcessFilter:
    script: str | None = strawberry.field(default=None, description="Only of the script so named.")
    user_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Only of this user. Somebody else's are for administrators and, of scripts "
        "that they may READ, for members of groups.",
    )
    statuses: list[ProcessStatus] | None = strawberry.field(  # type: ignore[valid-type]
        default=None, description="Only in one of these statuses."
    )
    parameters: list[ParameterFilter] | None = strawberry.field(
        default=None, description="Only those to which all of these parameters were given."
    )
    created_at: TimeRange | None = strawberry.field(
        default=None, description="Only those accepted in this time."
    )
    start_time: TimeRange | None = strawberry.field(
        default=None, description="Only those started (or due) in this time."
    )
    ended_at: TimeRange | None = strawberry.field(
        default=None, description="Only those that ended in this time."
    )
    text: str | None = strawberry.field(
        default=None,
        description="Only those whose id begins with this text, or that have it in the name of the "
        "script or the user, in a parameter or in the reason; capitals and small letters are the "
        f"same. {LONGEST_TEXT} characters at most.",
    )

    def resolved(self) -> Filter:
        return Filter(
            script=self.script,
            user_id=None if self.user_id is None else read_id(self.user_id, "filter.userId"),
            statuses=None if self.statuses is None else [Status(each) for each in self.statuses],
            parameters=[(each.name, each.value) for each in self.parameters or ()],
            created_at=_range(self.created_at),
            start_time=_range(self.start_time),
            ended_at=_range(self.ended_at),
            text=_text(self.text),
        )


@strawberry.enum(description="What processes are sorted by.")
class ProcessSortKey(Enum):
    SCRIPT = strawberry.enum_value("script", description="The name of the script.")
    START_TIME = strawberry.enum_value("start_time", description="When it started or is due.")
    CREATED_AT = strawberry.enum_value("created_at", description="When it was accepted.")
    ENDED_AT = strawberry.enum_value(
        "ended_at", description="When it ended; what has not ended comes last."
    )
    DURATION = strawberry.enum_value(
        "duration", description="How long it ran; what has not ended comes last."
    )


@strawberry.enum(description="Which end comes first.")
class SortDirection(Enum):
    ASC = strawberry.enum_value("ASC", description="The first letter, the oldest time.")
    DESC = strawberry.enum_value("DESC", description="The last letter, the newest time.")


@strawberry.input(description="An order of processes.")
class ProcessSort:
    by: ProcessSortKey = strawberry.field(description="What they are sorted by.")
    direction: SortDirection = strawberry.field(description="Which end comes first.")

    def resolved(self) -> Sort:
        return Sort(SortKey[self.by.name], self.direction is SortDirection.DESC)


@strawberry.type(description="A process in a list, and its place there.")
class ProcessEdge:
    cursor: str = strawberry.field(description="Its place in the list.")
    node: Process = strawberry.field(description="The process.")


@strawberry.type(description="How many processes are in a status.")
class StatusCount:
    status: ProcessStatus = strawberry.field(description="The status.")  # type: ignore[valid-type]
    count: int = strawberry.field(description="How many there are.")


@strawberry.type(description="A page of a list of processes (Relay).")
class ProcessConnection:
    wanted: strawberry.Private[Filter]
    order: strawberry.Private[Sort]
    nodes: list[Process] = strawberry.field(description="The processes of this page.")
    page_info: PageInfo = strawberry.field(description="Whether the list goes on.")

    @strawberry.field(description="The processes, each with its place.")
    def edges(self) -> list[ProcessEdge]:
        return [ProcessEdge(cursor=_cursor(node.row, self.order), node=node) for node in self.nodes]

    @strawberry.field(description="How many there are on all pages; counted only when asked for.")
    async def total_count(self, info: Info) -> int:
        return await processes.count(info.context.viewer, self.wanted)

    @strawberry.field(
        description="How many there are in each status, on all pages and whatever `statuses` the "
        "filter has; counted only when asked for."
    )
    async def status_counts(self, info: Info) -> list[StatusCount]:
        found = await processes.count_by_status(info.context.viewer, self.wanted)
        return [StatusCount(status=status, count=count) for status, count in found.items()]


First = Annotated[int | None, arg("So many from the beginning (by default 20).")]
After = Annotated[str | None, arg("Only what comes after this cursor.")]
Last = Annotated[int | None, arg("So many from the end.")]
Before = Annotated[str | None, arg("Only what comes before this cursor.")]
Wanted = Annotated[ProcessFilter | None, arg("Which processes are wanted.")]
Order = Annotated[ProcessSort | None, arg("Their order; by default the newest start first.")]


async def connection(
    info: Info,
    first: First = None,
    after: After = None,
    last: Last = None,
    before: Before = None,
    filter: Wanted = None,  # noqa: A002
    sort: Order = None,
) -> ProcessConnection:
    """The page that these arguments ask for. Raises BadInput, and Forbidden for others' ids."""
    size = _size(first, last, info.context.max_page_size)
    order = sort.resolved() if sort else Sort()
    wanted = filter.resolved() if filter else Filter()
    backwards = last is not None
    rows = await processes.page(
        info.context.viewer,
        wanted,
        order,
        size + 1,
        after=None if after is None else _read_cursor(after, order, "after"),
        before=None if before is None else _read_cursor(before, order, "before"),
        backwards=backwards,
    )
    more = len(rows) > size
    rows = (rows[-size:] if backwards else rows[:size]) if size else []
    return ProcessConnection(
        wanted=wanted,
        order=order,
        nodes=await Process.of_all(rows, info),
        page_info=PageInfo(
            has_next_page=before is not None if backwards else more,
            has_previous_page=more if backwards else after is not None,
            start_cursor=_cursor(rows[0], order) if rows else None,
            end_cursor=_cursor(rows[-1], order) if rows else None,
        ),
    )


def _size(first: int | None, last: int | None, most: int) -> int:
    if first is not None and last is not None:
        raise BadInput({"last": ["Ask for the first or for the last, not for both."]})
    name, size = ("first", first) if last is None else ("last", last)
    size = DEFAULT_PAGE if size is None else size
    if not 0 <= size <= most:
        raise BadInput({name: [f"This must be from 0 to {most}."]})
    return size


def _text(given: str | None) -> str | None:
    """Raises BadInput for what is too long for a database to look for."""
    if given is not None and len(given) > LONGEST_TEXT:
        raise BadInput({"filter.text": [f"This may have {LONGEST_TEXT} characters at most."]})
    return given


def _range(given: TimeRange | None) -> Range:
    return Range(given.start, given.end) if given else Range()


def _cursor(row: ProcessRow, sort: Sort) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([sort.by, *cursor_of(row, sort)])).decode()


def _read_cursor(text: str, sort: Sort, name: str) -> Cursor:
    try:
        by, *values = orjson.loads(base64.urlsafe_b64decode(text))
        cursor = sort.cursor(values)
    except (ValueError, TypeError):
        raise BadInput({name: ["This is not a cursor of this list."]}) from None
    if by != sort.by:
        raise BadInput({name: [f"This cursor is of a list sorted by {by}."]})
    return cursor
