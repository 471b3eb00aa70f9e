"""Restoring a backup into an empty installation, in one transaction; and seeing to it that nothing
starts which may have run since the backup was made."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

from tortoise.models import Model

from jobs.archive import (
    TABLES,
    ArchiveError,
    Summary,
    columns_of,
    name_of,
    read,
)
from jobs.backup import copy_file
from jobs.claim import finish
from jobs.ownership import settle
from jobs.piece import Packer
from jobs.store import Store, digest_of
from models.delivery import Delivery, DeliveryState
from models.file import File
from models.installation import Installation
from models.instant import now, to_micros
from models.process import Process
from models.status import Status
from models.transaction import run_to_end, transaction
from models.user import User
from models.worker import Worker

BATCH = 500  # rows of a statement: databases take only so many parameters
OPEN = [status.value for status in Status if not status.ended]


async def restore(store: Store, folder: Path, summary: Summary, *, keep_scheduled: bool) -> int:
    """Says how many processes were ended because they had not ended in the backup.

    Raises ArchiveError or OwnershipError; then neither a row nor a file is left of it.
    """
    await _require_emptiness()
    await settle(store)  # before there are files without rows, in case it is killed
    made: list[Path] = []
    try:
        await _put_files(store, folder, summary, made)
        rows = asyncio.ensure_future(_insert(folder, summary, keep_scheduled))
        with suppress(asyncio.CancelledError):  # it comes too late: the transaction runs to its end
            await run_to_end(rows)
        return rows.result()
    except BaseException:
        await asyncio.to_thread(_take_away, made)
        raise


async def end_in_place(*, keep_scheduled: bool, is_copy: bool) -> int:
    """Ends what had not ended in a database that was restored by other means.

    Nothing may run meanwhile; workers that do lose their lease. What may be a copy of an
    installation that goes on beside it is another one from now on.
    """
    return await _end_in_place(keep_scheduled, is_copy)


@transaction
async def _end_in_place(keep_scheduled: bool, is_copy: bool) -> int:
    await Worker.all().delete()
    if is_copy:
        await Installation.all().delete()
    return await _end_open("of this database", keep_scheduled)


async def _end_open(made: str, keep_scheduled: bool) -> int:
    """Ends what is SCHEDULED or RUNNING, for it may have run since the backup was `made`."""
    rows = Process.filter(status__in=OPEN)
    if keep_scheduled:
        rows = rows.exclude(status=Status.SCHEDULED.value, start_time__gt=now())
    count = 0
    for process in await rows.only("id", "status", "bookmark"):
        was = "was running" if process.status == Status.RUNNING else "had not been started"
        reason = f"It {was} when the backup {made} was made, and is not started again"
        closing = (await Packer.after(process)).say(reason)
        count += await finish(process.id, Status.FAILED, reason, closing=closing)
    await _keep_silence()
    return count


async def _keep_silence() -> None:
    """Tells nobody of what has ended: they may have been told since the backup was made."""
    due = Delivery.filter(state=DeliveryState.PENDING.value, process__ended_at__isnull=False)
    ids = await due.values_list("id", flat=True)
    log = [[to_micros(now()), "It was restored from a backup"]]
    for start in range(0, len(ids), BATCH):
        some = Delivery.filter(id__in=ids[start : start + BATCH])
        await some.update(state=DeliveryState.FAILED.value, log=log)


@transaction
async def _insert(folder: Path, summary: Summary, keep_scheduled: bool) -> int:
    await _require_emptiness()
    for model in TABLES:
        for rows in _rows(folder, summary, model):
            await model.bulk_create([model(**row) for row in rows])
    made = f"of {summary.made_at:%Y-%m-%d %H:%M} UTC"
    return await _end_open(made, keep_scheduled)


async def _require_emptiness() -> None:
    if await User.exists() or await Process.exists():
        raise ArchiveError(
            "A backup is restored into an empty database, and this one has users or processes: "
            "name another with PROCESSION_DATA or PROCESSION_DATABASE_URL"
        )


def _rows(folder: Path, summary: Summary, model: type[Model]) -> Iterator[list[dict[str, Any]]]:
    """The rows of a table, those of processes that are no part of it left out.

    A backup of an older version may not have the table.
    """
    table = summary.tables.get(name_of(model))
    if table is None:
        return
    if unknown := set(table.columns) - set(columns_of(model)):
        raise ArchiveError(f"{folder} has columns that are not known here: {sorted(unknown)}")
    key = "id" if model is Process else "process_id"
    gone = set(summary.gone)
    count = 0
    for block in read(folder, name_of(model)):
        count += len(block)
        rows = (dict(zip(table.columns, row, strict=True)) for row in block)
        yield [row for row in rows if row.get(key) not in gone]
    if count != table.rows:
        raise ArchiveError(f"{folder}: the table {name_of(model)} is not whole")


async def _put_files(store: Store, folder: Path, summary: Summary, made: list[Path]) -> None:
    """Adds to `made` what it makes; nothing is added once this has ended, however it has."""
    cancelled = Event()
    work = asyncio.to_thread(_put_each, store, folder, summary, made, cancelled)
    putting = asyncio.ensure_future(work)
    try:
        await asyncio.shield(putting)
    finally:
        cancelled.set()
        await run_to_end(asyncio.wait({putting}))


def _put_each(
    store: Store, folder: Path, summary: Summary, made: list[Path], cancelled: Event
) -> None:
    for rows in _rows(folder, summary, File):
        for row in rows:
            if cancelled.is_set():
                return
            name = f"{row['process_id']}/{row['id']}"
            if name not in summary.bad:
                _put_file(store, folder / "files" / name, row, made)


def _put_file(store: Store, path: Path, row: dict[str, Any], made: list[Path]) -> None:
    if not _has_sum(path, row["sha256"]):
        raise ArchiveError(f"{path} is missing or damaged: use another backup")
    kept = store.path(UUID(row["process_id"]), UUID(row["id"]))
    if _has_sum(kept, row["sha256"]):  # of the installation that was backed up: not ours to remove
        return
    kept.parent.mkdir(exist_ok=True)
    kept.unlink(missing_ok=True)  # of a restoration that was cut off
    made.append(kept)
    copy_file(path, kept, row["direction"])


def _has_sum(path: Path, sha256: str) -> bool:
    return path.is_file() and digest_of(path) == sha256


def _take_away(made: list[Path]) -> None:
    for path in made:
        path.unlink(missing_ok=True)
        with suppress(OSError):  # there is more in it
            path.parent.rmdir()
