"""Looking at processes for many followers: those who wait at the same time look together."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from itertools import accumulate
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar
from uuid import UUID

from jobs.chunk import Batch
from jobs.output import Window, read, read_next
from jobs.page import Place
from models.outage import complain, is_outage
from models.process import Process, light
from resolvers.coalescer import Coalescer

log = logging.getLogger(__name__)

FEW = 1000  # lines: who wants more looks alone, lest all others wait
MANY = 10_000  # lines that a look for many followers may find, about
PLACES = 500  # that it may look at
PAUSE = 1.0  # seconds until one looks again after an outage
QUIET = 30.0  # seconds for which no more is said of it

P = ParamSpec("P")
T = TypeVar("T")
Shown = TypeVar("Shown")
Show = Callable[[Batch], Shown]


class News(NamedTuple, Generic[Shown]):
    """Lines from `first_seq` to `last_seq`, as a face shows them."""

    first_seq: int
    last_seq: int
    shown: Shown


class Found:
    """What one look for many followers has found."""

    def __init__(self, batches: Mapping[Place, Batch | None]) -> None:
        self._batches = batches
        self._news: dict[Hashable, News[Any]] = {}

    def news(self, place: Place, show: Show[Shown]) -> News[Shown] | None:
        """None: nothing was found there, be it that it was not looked at."""
        batch = self._batches.get(place)
        if batch is None:
            return None
        key = place, show
        if key not in self._news:
            self._news[key] = News(batch.first_seq, batch.last_seq, show(batch))
        return self._news[key]


class Live:
    """What followers of one server share."""

    def __init__(self) -> None:
        self._ids: set[UUID] = set()
        self._rows: Coalescer[None, Mapping[UUID, Process]] = Coalescer()
        self._places: dict[Place, int] = {}  # and how many lines are there
        self._found: Coalescer[None, Found] = Coalescer()
        self._news: Coalescer[Hashable, News[Any] | None] = Coalescer()
        self._complain_again = 0.0

    async def patiently(
        self, look: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What a look finds, however often the database must be asked: who follows something is
        not sent away by an outage."""
        while True:
            try:
                return await look(*args, **kwargs)
            except Exception as error:
                if not is_outage(error):
                    raise
                self._complain(error)
            await asyncio.sleep(PAUSE)

    def _complain(self, error: Exception) -> None:
        """Once for all who wait."""
        moment = asyncio.get_running_loop().time()
        if moment >= self._complain_again:
            self._complain_again = moment + QUIET
            complain(log, "Those who follow something have to wait", error)

    async def row(self, process_id: UUID) -> Process | None:
        """The process as it is now; None: there is none."""
        return next(iter(await self.rows([process_id])), None)

    async def rows(self, ids: Collection[UUID]) -> list[Process]:
        """Those of several that there are. What is asked for at the same time is one query."""
        self._ids.update(ids)
        found = await self._rows.ask(None, self._look)
        return [found[each] for each in ids if each in found]

    async def _look(self) -> Mapping[UUID, Process]:
        ids, self._ids = self._ids, set()
        return {row.id: row for row in await Process.filter(id__in=ids).only(*light())}

    async def news(
        self, process_id: UUID, after: int, last_seq: int, show: Show[Shown]
    ) -> News[Shown] | None:
        """The next lines after a number, of which there are some up to `last_seq`; None if there
        are none. `show` sees them once for all."""
        place = process_id, after
        if last_seq - after <= FEW:
            self._places[place] = last_seq - after
            found = await self._found.ask(None, self._look_together)
            if news := found.news(place, show):
                return news
        return await self._news.ask((place, show), lambda: self._look_alone(place, show))

    async def _look_together(self) -> Found:
        """What cannot be read is left to those who want it: the fault is maybe one process's."""
        places, self._places = self._places, {}
        before = accumulate(places.values(), initial=0)
        some = [place for place, lines in zip(places, before, strict=False) if lines < MANY]
        try:
            return Found(await read_next(some[:PLACES]))
        except Exception as error:
            complain(log, "New lines of many cannot be read together", error)
            return Found({})

    async def _look_alone(self, place: Place, show: Show[Shown]) -> News[Shown] | None:
        process_id, after = place
        batch = await read(process_id, Window(after))
        return None if batch is None else News(batch.first_seq, batch.last_seq, show(batch))
