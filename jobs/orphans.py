"""Orphans: what lies in the store, or among the locks, without anybody who needs it.

They are left by what was killed between storing a file and committing its row. To look for them is
safe at any time, and on several machines at once.
"""

import fcntl
import time
from asyncio import sleep
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from jobs.lease import NEW
from jobs.marker import Marker
from jobs.store import ABANDONED_AFTER, Store
from models.file import File
from models.process import Deletion, Process
from models.status import Status

T = TypeVar("T")

DIGITS = "0123456789abcdef"  # with which the ids of processes begin
AT_ONCE = 500  # folders looked at together
PAUSE = 0.02  # seconds in which others get their turn
STARTED = 3600.0  # seconds after which a worker that has made its lock file has locked it


async def kept(store: Store, digits: str = DIGITS) -> AsyncIterator[list[UUID]]:
    """The processes of which there are files in the store, some at a time."""
    for digit in digits:
        for some in _batches(await store.aside(store.processes, digit)):
            yield some


async def orphans(store: Store, digits: str = DIGITS) -> AsyncIterator[Path]:
    """Files and folders of the store that no row tells of, nor will."""
    async for some in kept(store, digits):
        found = await Process.filter(id__in=some).values_list("id", "status")
        known = {each: Status(status) for each, status in found}
        for path in await _unknown(store, [each for each in some if each not in known]):
            yield path
        # All that is to be kept of a process has its row by the time at which it ends.
        for path in await _untold(store, [each for each in known if known[each].ended]):
            yield path
        await sleep(PAUSE)


async def remove_orphans(store: Store, marker: Marker, digits: str) -> int:
    """Says how many there were. Where the marker is away, or another one, none is removed."""

    def removed(path: Path) -> bool:
        if marker.trouble():  # another folder was mounted since, or none
            return False
        store.discard(path)
        return True

    count = 0
    async for path in orphans(store, digits):
        count += await store.aside(removed, path)
    return count


def digit_of_the_hour() -> str:
    """The part of the store that is looked through in this hour; in sixteen hours it is all."""
    return DIGITS[int(time.time() / 3600) % len(DIGITS)]


def remove_dead_locks(folder: Path) -> None:
    """Removes the lock files of workers that were killed before they had begun; those of others are
    needed until all that they held has been taken over (`jobs.adoption`)."""
    for path in folder.glob(f"{NEW}*"):
        with suppress(OSError), path.open("r+") as file:  # it is locked, or gone
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_mtime < time.time() - STARTED:
                path.unlink()


async def _unknown(store: Store, ids: list[UUID]) -> list[Path]:
    """The folders of processes that do not exist; a new one's is there before its row."""
    old = await store.aside(_older, store, ids)
    if not old:
        return []
    told = set(await Process.filter(id__in=old).values_list("id", flat=True))
    told |= set(await Deletion.filter(process_id__in=old).values_list("process_id", flat=True))
    return [store.folder_of(each) for each in old if each not in told]


def _older(store: Store, ids: list[UUID]) -> list[UUID]:
    old = []
    for each in ids:
        with suppress(FileNotFoundError):
            if store.folder_of(each).stat().st_mtime < time.time() - ABANDONED_AFTER:
                old.append(each)
    return old


async def _untold(store: Store, ids: list[UUID]) -> list[Path]:
    """The files of these processes that have no row."""
    paths = await store.aside(lambda: [path for each in ids for path in store.paths(each)])
    if not paths:
        return []
    rows = await File.filter(process_id__in=ids).values_list("process_id", "id")
    told = {store.path(process_id, file_id) for process_id, file_id in rows}
    return [path for path in paths if path not in told]


def _batches(items: list[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while some := list(islice(rest, AT_ONCE)):
        yield some
