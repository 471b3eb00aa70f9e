"""Looking at processes for many followers: those who stand at the same place look once."""

from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from jobs.chunk import Batch
from jobs.output import Window, read
from models.process import Process
from resolvers.coalescer import Coalescer

Shown = TypeVar("Shown")


class News(NamedTuple, Generic[Shown]):
    """Lines up to `last_seq`, as a face shows them."""

    last_seq: int
    shown: Shown


class Live:
    """What followers of one server share."""

    def __init__(self) -> None:
        self._rows: Coalescer[UUID, Process | None] = Coalescer()
        self._several: Coalescer[frozenset[UUID], Sequence[Process]] = Coalescer()
        self._news: Coalescer[Hashable, News[Any] | None] = Coalescer()

    async def row(self, process_id: UUID) -> Process | None:
        """The process as it is now; None: there is none."""
        return await self._rows.ask(process_id, lambda: Process.get_or_none(id=process_id))

    async def rows(self, ids: frozenset[UUID]) -> Sequence[Process]:
        """Those of several that there are."""
        return await self._several.ask(ids, lambda: _rows(ids))

    async def news(
        self, process_id: UUID, after: int, show: Callable[[Batch], Shown]
    ) -> News[Shown] | None:
        """The next lines after a number; None if there are none. `show` sees them once for all."""

        async def look() -> News[Shown] | None:
            batch = await read(process_id, Window(after))
            return None if batch is None else News(batch.last_seq, show(batch))

        return await self._news.ask((process_id, after, show), look)


async def _rows(ids: frozenset[UUID]) -> Sequence[Process]:
    return await Process.filter(id__in=ids)
