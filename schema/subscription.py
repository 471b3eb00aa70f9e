"""Subscriptions."""

from collections.abc import AsyncGenerator
from typing import Annotated

import strawberry

from jobs.chunk import Batch
from resolvers import changes, output
from schema.arguments import arg
from schema.context import Info
from schema.output import OutputBatch, OutputEnd, OutputEvent
from schema.process import Process
from schema.scalars import read_id

LINES = 1000  # in a batch whose lines are asked for one by one
CHARACTERS = 200_000  # in any batch, about: many clients refuse messages of 1 MiB


@strawberry.type(description="A process that is new, has changed, or was deleted.")
class ProcessChange:
    id: strawberry.ID = strawberry.field(description="The process's id.")
    process: Process | None = strawberry.field(
        description="The process as it is now; null if it was deleted."
    )


@strawberry.type(description="What can be watched as it happens.")
class Subscription:
    @strawberry.subscription(
        description="The output of a process, from any place on: each line once, in order, as it "
        "comes; then one OutputEnd, and the subscription completes. After a cut go on with "
        "`after`: the last `lastSeq` you have."
    )
    async def process_output(
        self,
        info: Info,
        id: Annotated[strawberry.ID, arg("The process's id.")],  # noqa: A002
        after: Annotated[int | None, arg("Only lines with a higher number.")] = None,
        last: Annotated[int | None, arg("Begin with the last so many lines of now.")] = None,
    ) -> AsyncGenerator[OutputEvent, None]:
        part = output.Part(after=after or 0, last=last)
        in_lines = _asks_for_lines(info)
        async for event in output.follow(info.context.viewer, info.context.app, read_id(id), part):
            if isinstance(event, output.End):
                yield OutputEnd.of(event.process)
            else:
                for some in event.split(lines_at_once(event, in_lines=in_lines)):
                    yield OutputBatch(batch=some)

    @strawberry.subscription(
        description="Processes that are new, change or are deleted: all that you may see, or one, "
        "whose present state comes first."
    )
    async def process_changes(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, arg("Only of this process.")] = None,  # noqa: A002
    ) -> AsyncGenerator[ProcessChange, None]:
        process_id = None if id is None else read_id(id)
        async for change in changes.changes(info.context.viewer, info.context.app, process_id):
            yield ProcessChange(
                id=strawberry.ID(str(change.process_id)),
                process=await Process.of(change.process, info) if change.process else None,
            )


def lines_at_once(batch: Batch, *, in_lines: bool) -> int:
    """How many lines one event may have."""
    fitting = max(1, batch.count * CHARACTERS // (len(batch.text) + 1))
    return min(fitting, LINES) if in_lines else fitting


def _asks_for_lines(info: Info) -> bool:
    """Whether the lines are selected; where they are not, a batch may be large."""
    return any(
        getattr(below, "name", "") == "lines"
        or any(getattr(inner, "name", "") == "lines" for inner in getattr(below, "selections", ()))
        for field in info.selected_fields
        for below in field.selections
    )
