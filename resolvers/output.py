"""The console output of a process: pages of it, and all of it live."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from jobs.chunk import Batch
from jobs.doorbell import Topic
from jobs.output import Window, read, read_all, read_last
from models.instant import to_micros
from models.process import Process
from models.status import Status
from models.user import Scope
from resolvers import looks
from resolvers.access import needs
from resolvers.application import Application
from resolvers.audit import audited
from resolvers.errors import BadInput, Forbidden, NotFound
from resolvers.live import Shown
from resolvers.processes import process
from resolvers.rights import require_sight
from resolvers.viewer import Viewer

BREATH = 0.1  # seconds, at most, in which more lines gather for those who were served late


@dataclass(frozen=True, slots=True)
class Part:
    """Which lines are wanted: numbered above `after`; the `first` or the `last` so many of them.

    Times are inclusive.
    """

    after: int = 0
    first: int | None = None
    last: int | None = None
    from_time: datetime | None = None
    to_time: datetime | None = None

    def window(self) -> Window:
        """Raises BadInput for what makes no sense."""
        wrong = {
            name: ["This must be 0 or more."]
            for name, number in (("after", self.after), ("first", self.first), ("last", self.last))
            if number is not None and number < 0
        }
        if self.first is not None and self.last is not None:
            wrong["last"] = ["Ask for the first or for the last lines, not for both."]
        if self.from_time and self.to_time and self.from_time > self.to_time:
            wrong["toTime"] = ["This is before fromTime."]
        if wrong:
            raise BadInput(wrong)
        return Window(
            self.after,
            to_micros(self.from_time) if self.from_time else None,
            to_micros(self.to_time) if self.to_time else None,
        )


@dataclass(frozen=True, slots=True)
class End:
    """The last event of a live output; its sums let a client prove that it has everything."""

    process: Process


@needs(Scope.READ)
async def page(viewer: Viewer, process_id: UUID, part: Part) -> Batch | None:
    """Lines that are stored by now; fewer than asked for where these would be very many bytes.

    Raises BadInput for a `part` that makes no sense, NotFound also when the process is deleted
    meanwhile.
    """
    window = part.window()
    await looks.read("output.read", await process(viewer, process_id), viewer)
    found = await _found(process_id, window, part)
    if found is None or found.first_seq > window.after + 1:  # is it being deleted?
        await process(viewer, process_id)
    return found


async def _found(process_id: UUID, window: Window, part: Part) -> Batch | None:
    if part.last is not None:
        return await read_last(process_id, window, part.last) if part.last else None
    return await read(process_id, window, part.first) if part.first != 0 else None


@needs(Scope.READ)
async def stored(viewer: Viewer, process_id: UUID, part: Part) -> AsyncIterator[Batch]:
    """All lines that are stored by now, between two times; a batch at a time.

    Raises as `page` does, before the first batch.
    """
    window = part.window()
    row = await process(viewer, process_id)
    await looks.read("output.read", row, viewer)
    return read_all(process_id, window, row.last_seq)


@needs(Scope.READ)
async def follow(
    viewer: Viewer,
    app: Application,
    process_id: UUID,
    part: Part,
    show: Callable[[Batch], Shown],
    *,
    pause: float = 0.0,
) -> AsyncGenerator[Shown | End, None]:
    """Each line once, in order, from the asked place on; then the End, and the iterator is over.

    Lines come as `show` shows them, which is called once for all who stand at the same place. Two
    looks for them are `pause` seconds apart at least, and as long as the last one took: where many
    follow, fewer and larger events keep up with what a flood of small ones would not. What is there
    at a look comes without a pause, however much it is. Raises NotFound when the process is deleted
    meanwhile, NotSignedIn or Forbidden when the viewer may not see it any more. An outage of the
    database is waited out.
    """
    with app.seats.taken(viewer), app.doorbell.heard(Topic.OUTPUT, process_id) as bell:
        wait_for = app.live.patiently
        after = _beginning(part, await wait_for(_first_look, viewer, app, process_id))
        clock = asyncio.get_running_loop().time
        there = after  # the last line that was there when it was looked for lines
        while True:
            begun = clock()
            row = await wait_for(_look, viewer, app, process_id)  # the status before the lines
            there = row.last_seq if after >= there else there
            news = None
            if row.last_seq > after:
                news = await wait_for(app.live.news, process_id, after, row.last_seq, show)
                if news is None or news.first_seq > after + 1:  # is it being deleted?
                    await wait_for(_look, viewer, app, process_id)
            if news is not None:
                yield news.shown
                after = news.last_seq
            if news is not None and after < row.last_seq:
                await asyncio.sleep(pause if after >= there else 0)
                continue
            if Status(row.status).ended:
                yield End(row)
                return
            await asyncio.sleep(max(pause, min(clock() - begun, BREATH)))
            await bell.wait()


@audited("process.read", "process_id", only=Forbidden)
async def _first_look(viewer: Viewer, app: Application, process_id: UUID) -> Process:
    row = await _look(viewer, app, process_id)
    await looks.read("output.read", row, viewer)
    return row


async def _look(viewer: Viewer, app: Application, process_id: UUID) -> Process:
    """The process as it is now, if the viewer may still see it."""
    row = await app.live.row(process_id)
    if row is None:
        raise NotFound(f"There is no process {process_id}")
    require_sight(await app.door.renew(viewer), row)
    return row


def _beginning(part: Part, found: Process) -> int:
    """After which line a live output begins: a given one, or so many before the end of now."""
    after = part.window().after
    return after if part.last is None else max(after, found.last_seq - part.last)
