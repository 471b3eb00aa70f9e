"""Looking at processes for many followers: those who stand at the same place look once."""

from collections.abc import Callable, Collection, Hashable, Mapping
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
        self._wanted: set[UUID] = set()
        self._rows: Coalescer[None, Mapping[UUID, Process]] = Coalescer()
        self._news: Coalescer[Hashable, News[Any] | None] = Coalescer()

    async def row(self, process_id: UUID) -> Process | None:
        """The process as it is now; None: there is none."""
        return next(iter(await self.rows([process_id])), None)

    async def rows(self, ids: Collection[UUID]) -> list[Process]:
        """Those of several that there are. What is asked for at the same time is one query."""
        self._wanted.update(ids)
        found = await self._rows.ask(None, self._look)
        return [found[each] for each in ids if each in found]

    async def _look(self) -> Mapping[UUID, Process]:
        wanted, self._wanted = self._wanted, set()
        return {row.id: row for row in await Process.filter(id__in=wanted)}

    async def news(
        self, process_id: UUID, after: int, show: Callable[[Batch], Shown]
    ) -> News[Shown] | None:
        """The next lines after a number; None if there are none. `show` sees them once for all."""

        async def look() -> News[Shown] | None:
            batch = await read(process_id, Window(after))
            return None if batch is None else News(batch.last_seq, show(batch))

        return await self._news.ask((process_id, after, show), look)
