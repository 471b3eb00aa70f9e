"""Uploads that come in pieces, and may pause between them; then a start names them by their ids."""

import time
from asyncio import Semaphore, sleep
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from jobs.arrivals import Arrival, Facts, Held
from jobs.store import Staged
from models.file import File
from models.process import Process
from models.transaction import run_to_end
from models.user import Scope
from models.value import file_name_problems
from resolvers.access import needs
from resolvers.application import Application
from resolvers.errors import BadInput, Conflict, NoRoom, NotFound, TooLarge, TooManyRequests
from resolvers.parameters import Problems, Sent
from resolvers.room import room
from resolvers.scripts import require_size, startable
from resolvers.uploads import admit
from resolvers.viewer import Viewer

COMPLETING = Semaphore(2)
PATIENCE, PAUSE = 10.0, 0.05  # seconds for one's turn to begin an upload, and between two looks
COME_BACK = 60.0  # seconds after which one may look whether there is place for another
BUSY = "Somebody else is just sending or using the upload {}; try again in a moment"
GONE = "There is no upload {}: it was used, cancelled, or left alone for too long; send it again"


class Arrived(NamedTuple):
    """Parameters of which none is only named any more, and the process, if there is one already,
    that was started with these very uploads."""

    sent: list[Sent]
    earlier: Process | None


@needs(Scope.START)
async def begin(
    viewer: Viewer, app: Application, facts: Facts, script: str | None = None
) -> Arrival:
    """A new upload, of which nothing has come, for that script if it is known already.

    Raises Forbidden and NotFound for the script, BadInput for its name, TooLarge, TooManyRequests,
    Conflict, and NoRoom before anything is sent that would not fit.
    """
    await admit(viewer, script)
    if script is not None:
        require_size(await startable(viewer, app, script), facts.size)
    if facts.size > app.max_upload:
        raise TooLarge(f"An upload may have at most {app.max_upload} bytes (PROCESSION_MAX_UPLOAD)")
    if wrong := file_name_problems(facts.name):
        raise BadInput({"filename": wrong})
    with room():
        return await _begin_in_turn(viewer, app, facts)


async def _begin_in_turn(viewer: Viewer, app: Application, facts: Facts) -> Arrival:
    """Waits in no thread, for those are everybody's: another machine may be paused in its turn."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return await app.store.aside(_begin, viewer, app, facts)
        except BlockingIOError:
            if time.monotonic() > until:
                raise Conflict("Others of your uploads are just beginning; try again") from None
        await sleep(PAUSE)


def _begin(viewer: Viewer, app: Application, facts: Facts) -> Arrival:
    with app.arrivals.counted(viewer.id) as begun:
        size = sum(each.facts.size for each in begun) + facts.size
        if len(begun) >= app.allowance.count or size > app.allowance.size:
            raise TooManyRequests(
                f"You have {len(begun)} uploads that nothing was started with; "
                f"{app.allowance.count} (PROCESSION_MAX_OPEN_UPLOADS), together of "
                f"{app.allowance.size} bytes (PROCESSION_MAX_OPEN_UPLOAD_BYTES), are the most. "
                "Use or cancel some",
                COME_BACK,
            )
        if facts.size > app.arrivals.room():
            raise NoRoom("The server has no room for this upload on its disk; try again later")
        return app.arrivals.begin(viewer.id, facts)


@needs(Scope.START)
async def show(viewer: Viewer, app: Application, arrival_id: UUID) -> Arrival:
    """One of the viewer's own. Raises NotFound."""
    return await _find(app, viewer.id, arrival_id)


async def _find(app: Application, owner: UUID, arrival_id: UUID) -> Arrival:
    """Raises NotFound."""
    found = await app.store.aside(app.arrivals.find, owner, arrival_id)
    if found is None:
        raise NotFound(GONE.format(arrival_id))
    return found


@needs(Scope.START)
async def append(
    viewer: Viewer, app: Application, arrival_id: UUID, offset: int, body: AsyncIterator[bytes]
) -> Arrival:
    """Takes the bytes that begin at this offset, which must be where the last ones ended.

    Whatever ends them, what has come is kept. Raises NotFound, Conflict, TooLarge, NoRoom.
    """
    async with _held(app, viewer.id, arrival_id) as held:
        arrival = held.arrival
        if offset != arrival.offset:
            raise Conflict(f"There are {arrival.offset} bytes of it, these begin at {offset}")
        with room("no more of this was kept"):
            try:
                await held.append(_at_most(body, arrival.missing))
            except FileNotFoundError:
                raise NotFound(GONE.format(arrival_id)) from None
            arrived = await show(viewer, app, arrival_id)
            if not arrived.missing:
                await _complete(app, held)
    return arrived


async def _complete(app: Application, held: Held) -> Facts:
    """Not for all at once, for they would take the threads of everybody; and to its end, so that
    nobody else begins it meanwhile; one that is complete already waits for nobody."""
    if held.arrival.facts.sha256:
        return held.arrival.facts
    async with COMPLETING:
        return await run_to_end(app.store.aside(held.complete))


async def _at_most(body: AsyncIterator[bytes], left: int) -> AsyncIterator[bytes]:
    async for block in body:
        left -= len(block)
        if left < 0:
            raise TooLarge("This is more than the upload was said to have")
        yield block


@needs(Scope.START)
async def cancel(viewer: Viewer, app: Application, arrival_id: UUID) -> None:
    """Raises NotFound."""
    await app.store.aside(app.arrivals.remove, await show(viewer, app, arrival_id))


@needs(Scope.START)
async def arrived(viewer: Viewer, app: Application, sent: Iterable[Sent]) -> Arrived:
    """What was sent, with the files of the uploads that it names.

    Raises BadInput for those that are not there, not whole, or used already; Conflict.
    """
    sent = list(sent)
    named = [each.arrival for each in sent if each.arrival]
    used = await _used(viewer, named)
    processes = {row.process_id: row.process for row in used.values()}
    if len(processes) == 1 and len(used) == len(named):
        files = {arrival_id: _as_before(row) for arrival_id, row in used.items()}
        earlier = next(iter(processes.values()))
    else:
        try:
            files, earlier = await _files(viewer, app, sent, used), None
        except BadInput:
            if len(await _used(viewer, named)) == len(used):
                raise
            return await arrived(viewer, app, sent)  # some have been used meanwhile
    return Arrived([replace(each, upload=_file_of(each, files)) for each in sent], earlier)


def _file_of(sent: Sent, files: Mapping[UUID, Staged]) -> Staged | None:
    return sent.upload if sent.arrival is None else files[sent.arrival]


async def _files(
    viewer: Viewer, app: Application, sent: Iterable[Sent], used: Mapping[UUID, File]
) -> dict[UUID, Staged]:
    """The files of uploads. Raises BadInput, Conflict."""
    wrong, files = Problems(), dict[UUID, Staged]()
    for each in sent:
        if each.arrival is None:
            continue
        if each.arrival in used:
            wrong.add(each.name, used_by(used[each.arrival].process))
        elif each.arrival in files:
            wrong.add(each.name, "An upload is good for one parameter; send the file once more.")
        else:
            try:
                files[each.arrival] = await _whole(viewer, app, each.arrival)
            except (NotFound, _Incomplete) as error:
                wrong.add(each.name, f"{error}.")
    if wrong.fields:
        raise BadInput(wrong.fields)
    return files


class _Incomplete(Exception):
    """Something of an upload has still to come."""


async def _whole(viewer: Viewer, app: Application, arrival_id: UUID) -> Staged:
    async with _held(app, viewer.id, arrival_id) as held:
        arrival = held.arrival
        if arrival.missing:
            size = arrival.facts.size
            raise _Incomplete(f"{arrival.missing} of its {size} bytes are missing; send them first")
        facts = await _complete(app, held)
    return Staged(
        arrival.content, facts.name, facts.media_type, facts.size, facts.sha256, arrival_id
    )


async def _used(viewer: Viewer, named: list[UUID]) -> dict[UUID, File]:
    """Those of them that are files of the viewer's processes: such a file keeps its id."""
    if not named:
        return {}
    rows = await File.filter(id__in=named, process__user_id=viewer.id).select_related("process")
    return {row.id: row for row in rows}


def _as_before(row: File) -> Staged:
    return Staged(Path(), row.name, row.media_type, row.size, row.sha256, row.id)


def used_by(process: Process) -> str:
    """Why an upload cannot be used, in words."""
    return f"The process {process.id} was started with this upload; send the file once more."


@asynccontextmanager
async def used_up(app: Application, owner: UUID, files: Iterable[Staged]) -> AsyncIterator[None]:
    """Inside nobody else uses those of the files that came in pieces; then their uploads are gone.

    Raises Conflict if somebody else was faster, NotFound if one is cancelled meanwhile.
    """
    async with AsyncExitStack() as stack:
        named = [each.arrival for each in files if each.arrival]
        held = [await stack.enter_async_context(_held(app, owner, each)) for each in named]
        try:
            yield
        except FileNotFoundError:
            for arrival_id in named:  # its owner may cancel it at any time
                await _find(app, owner, arrival_id)
            raise
        for each in held:
            await app.store.aside(app.arrivals.remove, each.arrival)


@asynccontextmanager
async def _held(app: Application, owner: UUID, arrival_id: UUID) -> AsyncIterator[Held]:
    """Raises NotFound, Conflict."""
    async with AsyncExitStack() as stack:
        try:
            held = await stack.enter_async_context(app.arrivals.held(owner, arrival_id))
        except BlockingIOError:
            raise Conflict(BUSY.format(arrival_id)) from None
        if held is None:
            raise NotFound(GONE.format(arrival_id))
        yield held
