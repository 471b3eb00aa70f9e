"""Subscriptions."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from functools import lru_cache
from typing import Annotated

import strawberry
from strawberry.types.nodes import SelectedField, Selection

from jobs.chunk import Batch
from resolvers import changes, output
from resolvers.errors import BadInput
from schema.arguments import arg
from schema.context import Info
from schema.output import OutputBatch, OutputEnd, OutputEvent
from schema.process import Process
from schema.scalars import read_id

LINES = 1000  # in a batch whose lines are asked for one by one
LOWEST_RATE, HIGHEST_RATE = 0.1, 1000.0  # looks a second
# In all texts of an event together: many clients refuse messages of 1 MiB, and a character may have
# six bytes in JSON.
CHARACTERS = 150_000

Show = Callable[[Batch], list[OutputBatch]]


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
        max_rate: Annotated[
            float | None,
            arg("Look for new lines at most so many times a second; what is there comes at once."),
        ] = None,
    ) -> AsyncGenerator[OutputEvent, None]:
        part = output.Part(after=after or 0, last=last)
        events = output.follow(
            info.context.viewer,
            info.context.app,
            read_id(id),
            part,
            _show(info.selected_fields),
            pause=read_pause(max_rate),
        )
        async with aclosing(events):
            async for event in events:
                if isinstance(event, output.End):
                    yield OutputEnd.of(event.process)
                else:
                    for each in event:
                        yield each

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
        found = changes.changes(info.context.viewer, info.context.app, process_id)
        async with aclosing(found):
            async for change in found:
                yield ProcessChange(
                    id=strawberry.ID(str(change.process_id)),
                    process=await Process.of(change.process, info) if change.process else None,
                )


@lru_cache(maxsize=100)  # followers share what the same function shows
def in_pieces(texts: int = 1, lines: int = 0) -> Show:
    """Shows a batch as events for those who select so many texts, and lines so often."""
    most = CHARACTERS // max(1, texts)

    def show(batch: Batch) -> list[OutputBatch]:
        parts = batch.split(max(1, LINES // lines)) if lines else [batch]
        return [OutputBatch(batch=some) for part in parts for some in part.fitted(most)]

    return show


def read_pause(max_rate: float | None) -> float:
    """The seconds between two looks. Raises BadInput."""
    if max_rate is None:
        return 0.0
    if not LOWEST_RATE <= max_rate <= HIGHEST_RATE:
        wrong = f"This must be from {LOWEST_RATE:g} to {HIGHEST_RATE:g} a second."
        raise BadInput({"maxRate": [wrong]})
    return 1 / max_rate


def _show(selections: Iterable[Selection]) -> Show:
    """The more of a batch is selected, the smaller it has to be."""
    names = Counter(_names(selections))
    return in_pieces(names["text"] + names["plainText"], names["lines"])


def _names(selections: Iterable[Selection]) -> Iterator[str]:
    """Of the fields that are selected, each as often as it is."""
    for each in selections:
        if isinstance(each, SelectedField):
            yield each.name
        yield from _names(each.selections)
