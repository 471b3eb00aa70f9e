"""Starting a process: check everything, keep the uploads, store the rows, then enqueue the id."""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

from jobs.doorbell import Bell, Topic
from jobs.store import Store
from models.audit import printable
from models.delivery import Delivery
from models.file import Direction, File
from models.instant import FARTHEST, now, read_instant
from models.process import Parameter, Process, parameter_digest
from models.script import START_TIME, Script
from models.status import Status
from models.transaction import run_to_end
from models.user import Scope
from resolvers.access import needs
from resolvers.application import Application
from resolvers.arrivals import arrived, used_by, used_up
from resolvers.audit import about, audited, recorded
from resolvers.deliveries import MOST, Wish, by_default, noted, orders
from resolvers.errors import BadInput, NotFound
from resolvers.parameters import Checked, Sent, check
from resolvers.room import room
from resolvers.scripts import require_size, startable
from resolvers.viewer import Viewer

NO_KEY = "No secrets are taken: whoever runs this server is to set PROCESSION_SECRET_KEY."
NOTED, LONGEST_NOTED = 100, 200  # parameters in the audit, and characters of each


@audited("process.start", "name")
@needs(Scope.START)
async def start(
    viewer: Viewer,
    app: Application,
    name: str,
    sent: Iterable[Sent],
    start_time: datetime | str | None = None,
    patience: float = 0.0,
    wishes: Sequence[Wish] = (),
) -> Process:
    """A new process of the script of that name; waits up to `patience` seconds for it to run. Of
    its end the viewer is told as they wish.

    With uploads that it was started with already it is the one that there is, for then only the
    answer was lost. Raises NotFound and Forbidden for the script, TooManyRequests, TooLarge for
    more uploads than the script takes, BadInput for what was sent, Conflict if uploads are being
    used, NoRoom where the disk is full; then nothing is left of it.
    """
    wanted = await startable(viewer, app, name)
    app.starts.take(viewer)
    created = now()
    sent, earlier = await arrived(viewer, app, sent)
    require_size(wanted, sum(each.upload.size for each in sent if each.upload))
    checked, due = _check(wanted, sent, start_time, created)
    if earlier is not None:
        return _again(earlier, wanted, checked)
    process = _made(viewer, app, wanted, checked, created, due)
    if len(wishes) < MOST and all(each.webhook for each in wishes):
        wishes = [*wishes, *await by_default(viewer, app, wanted)]
    deliveries = await orders(viewer, app, process.id, wishes)
    with app.doorbell.heard(Topic.PROCESS, process.id) as bell:
        try:
            await run_to_end(_accept(app, process, checked, deliveries))
        except NotFound:  # the uploads are used up, maybe by us, of whom the answer was lost
            _, earlier = await arrived(viewer, app, sent)
            if earlier is None:
                raise
            return _again(earlier, wanted, checked)
        if process.start_time == created and patience:
            await _until_started(process.id, bell, patience)
    started = await Process.get_or_none(id=process.id)
    if started is None:
        raise NotFound("The process was deleted as soon as it was started")
    return started


def _made(
    viewer: Viewer,
    app: Application,
    wanted: Script,
    checked: Checked,
    created: datetime,
    due: datetime,
) -> Process:
    """A row that is still to be stored. Raises BadInput where its secrets could not be kept."""
    if app.safe.closed and checked.secrets:
        raise BadInput({checked.shown[int(each)][0]: [NO_KEY] for each in checked.secrets})
    process = Process(
        id=uuid4(),
        script=wanted.name,
        user_id=viewer.id,
        created_at=created,
        start_time=due,
        parameters=checked.shown,
    )
    process.secrets = app.safe.seal(process, checked.secrets)
    return process


def _check(
    wanted: Script, sent: Iterable[Sent], start_time: datetime | str | None, created: datetime
) -> tuple[Checked, datetime]:
    """The parameters, and when it is due. Raises BadInput with all that is wrong with both."""
    checked, due = Checked(), created
    wrong: dict[str, list[str]] = {}
    try:
        checked = check(wanted, sent)
    except BadInput as error:
        wrong |= error.fields
    try:
        asked = read_instant(start_time) if isinstance(start_time, str) else start_time
        due = max(created, asked or created)
        if due > created + FARTHEST:
            wrong[START_TIME] = ["This is more than ten years from now."]
    except ValueError:
        wrong[START_TIME] = [f"{start_time!r} is not a time such as 2026-11-23T10:00:00Z."]
    if wrong:
        raise BadInput(wrong)
    return checked, due


def _again(earlier: Process, wanted: Script, checked: Checked) -> Process:
    """The process that the same uploads were given to before, if all else is the same too: whoever
    lost the answer asks again. Raises BadInput."""
    given = [(name, value) for name, value in earlier.parameters]
    if earlier.script == wanted.name and given == checked.shown:
        return earlier
    used = [checked.shown[position][0] for position in checked.uploads]
    raise BadInput({name: [used_by(earlier)] for name in used})


async def _accept(
    app: Application, process: Process, checked: Checked, deliveries: list[Delivery]
) -> None:
    """From here on the start happens, even if who asked for it has gone."""
    stored = False
    try:
        with room():
            async with used_up(app, process.user_id, checked.uploads.values()):
                files: list[File] = []
                if checked.uploads:
                    files = await app.store.aside(_keep, app.store, process.id, checked)
                await _insert(process, files, deliveries)
                stored = True
    except BaseException:
        if checked.uploads and not stored and not await Process.exists(id=process.id):
            await app.store.aside(app.store.remove, process.id)
        raise
    await app.queue.put(process.id, process.start_time)
    await app.doorbell.ring(Topic.PROCESS, [process.id])


def _keep(store: Store, process_id: UUID, checked: Checked) -> list[File]:
    files = []
    for position, upload in checked.uploads.items():
        file = File(
            id=upload.arrival or uuid4(),
            process_id=process_id,
            direction=Direction.INPUT.value,
            parameter=position,
            name=upload.name,
            size=upload.size,
            media_type=upload.media_type,
            sha256=upload.sha256,
        )
        store.keep(upload.path, process_id, file.id)
        files.append(file)
    return files


@recorded
async def _insert(process: Process, files: list[File], deliveries: list[Delivery]) -> None:
    about(process.id, script=process.script, parameters=_noted(process))
    if deliveries:
        about(process.id, deliveries=[noted(each) for each in deliveries])
    await process.save(force_create=True)
    digests = {parameter_digest(name, value) for name, value in process.parameters}
    if digests:
        await Parameter.bulk_create(
            [Parameter(process_id=process.id, digest=digest) for digest in digests]
        )
    if files:
        await File.bulk_create(files)
    if deliveries:
        await Delivery.bulk_create(deliveries)


def _noted(process: Process) -> list[list[str]]:
    """Names and values as they may be shown, those of files being their names."""
    some = process.parameters[:NOTED]
    return [[name, printable(value, LONGEST_NOTED)] for name, value in some]


async def _until_started(process_id: UUID, bell: Bell, patience: float) -> None:
    deadline = time.monotonic() + patience
    while (left := deadline - time.monotonic()) > 0:
        await bell.wait(left)
        if not await Process.exists(id=process_id, status=Status.SCHEDULED.value):
            return
