"""What is looked at of content: files as their rows tell, and with --deep every byte."""

import hashlib
from asyncio import to_thread
from collections.abc import AsyncIterator
from uuid import UUID

from jobs.marker import Marker
from jobs.orphans import orphans
from jobs.output import Window, read_all
from jobs.ownership import OwnershipError, require
from jobs.store import Store, digest_of
from models.file import File
from models.installation import Installation
from models.process import Process
from models.status import Status
from server.doctor.finding import Patient, Symptom, some

AT_ONCE = 1000
NONE = UUID(int=0)
RESTORE = "Bring them back from a backup, or delete their processes"
ENDED = [status.value for status in Status if status.ended]


async def files(patient: Patient) -> AsyncIterator[Symptom]:
    """Files that are missing, or not as large as they were; deep: not as they were."""
    store = Store(patient.settings.files_folder)
    if not await _is_ours(store):  # none is lost because the folder is away
        return
    missing: list[str] = []
    changed: list[str] = []
    last = NONE
    while rows := await File.filter(id__gt=last).order_by("id").limit(AT_ONCE):
        last = rows[-1].id
        lacking, differing = await to_thread(_look, store, rows, patient.deep)
        # Those of processes deleted while we looked are rightly gone.
        missing += [_name(file) for file in lacking if await File.exists(id=file.id)]
        changed += map(_name, differing)
    if missing:
        yield f"{len(missing)} files are missing in the store: {some(missing)}", RESTORE
    if changed:
        yield f"{len(changed)} files are not as they were stored: {some(changed)}", RESTORE


async def sums(patient: Patient) -> AsyncIterator[Symptom]:
    """Whether the output of what has ended has the SHA-256 that it had."""
    if not patient.deep:
        return
    wrong = []
    last = NONE
    columns = ("id", "output_sha256")
    ended = Process.filter(status__in=ENDED).order_by("id").limit(AT_ONCE)
    while rows := await ended.filter(id__gt=last).values_list(*columns):
        last = rows[-1][0]
        differing = [each for each, expected in rows if await _digest(each) != expected]
        # The output of what was deleted while we looked is rightly gone.
        wrong += [each for each in differing if await Process.exists(id=each)]
    if wrong:
        yield f"The output of {len(wrong)} is not as it was stored: {some(wrong)}", RESTORE


async def ownership(patient: Patient) -> AsyncIterator[Symptom]:
    """Whether the folder of files is this installation's."""
    store = Store(patient.settings.files_folder)
    try:
        await require(store)
    except OwnershipError as error:
        yield error.wrong, error.mend
        return
    if await _is_unmarked(store):
        yield (
            f"{store.folder} has no marker of this installation, so nothing is removed from it",
            "Start a server or worker anew: it marks the folder, if that can be written",
        )


async def leftovers(patient: Patient) -> AsyncIterator[Symptom]:
    """What lies in the store that no row tells of."""
    store = Store(patient.settings.files_folder)
    if not await _is_ours(store):
        return
    found = [path async for path in orphans(store)]
    if found:
        yield (
            f"{len(found)} files or folders belong to no process: {some(found)}",
            "They only take room; a worker removes them "
            + ("once the folder has its marker" if await _is_unmarked(store) else "within a day"),
        )


async def _is_ours(store: Store) -> bool:
    """As `ownership` tells."""
    try:
        await require(store)
    except OwnershipError:
        return False
    return True


async def _is_unmarked(store: Store) -> bool:
    ours = await Installation.first()
    return ours is not None and Marker(store.folder, ours.identity).trouble() is not None


def _name(file: File) -> str:
    return f"{file.process_id}/{file.id}"


def _look(store: Store, rows: list[File], deep: bool) -> tuple[list[File], list[File]]:
    """Of these files, those that are missing and those that are not as they were."""
    missing, changed = [], []
    for file in rows:
        path = store.path(file.process_id, file.id)
        try:
            as_it_was = path.stat().st_size == file.size
            if deep and as_it_was:
                as_it_was = digest_of(path) == file.sha256
        except FileNotFoundError:
            missing.append(file)
            continue
        if not as_it_was:
            changed.append(file)
    return missing, changed


async def _digest(process_id: UUID) -> str | None:
    digest, any_lines = hashlib.sha256(), False
    async for batch in read_all(process_id, Window()):
        any_lines = True
        digest.update(batch.text.encode() + b"\n")
    return digest.hexdigest() if any_lines else None
