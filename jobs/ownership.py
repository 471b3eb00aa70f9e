"""Ownership: whether the folder of files is that of this installation.

With a folder that is not mounted, what is stored would lie below the mount point; with that of
another installation, all that is the other's would be removed, for this database knows nothing of
it. So neither is used.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from jobs.marker import Marker, read
from jobs.orphans import kept
from jobs.store import Store
from models.file import File
from models.installation import Installation, identity
from models.process import Deletion, Process

CHOOSE = "PROCESSION_FILES_URL or PROCESSION_DATA"
MEND = f"Mend that, or choose another one with {CHOOSE}"
TAKE = "`procession restore --take-files`"

PATIENCE = 5.0  # seconds after which it is told that a folder keeps us waiting

T = TypeVar("T")

log = logging.getLogger(__name__)


class OwnershipError(Exception):
    """The folder of files is not to be used: what is `wrong`, and how to `mend` it."""

    def __init__(self, wrong: str, mend: str) -> None:
        super().__init__(f"{wrong}. {mend}")
        self.wrong = wrong
        self.mend = mend


async def settle(store: Store) -> Marker:
    """Makes sure of a folder, and marks one that has no marker yet. Raises OwnershipError."""
    await require(store)
    # Not before it is known to be ours: below a mount point nothing is to be made.
    await _answer(store, store.aside(store.make))
    marker = await _mark(store)
    await require(store)  # another installation may have been quicker
    return marker


async def take(store: Store) -> None:
    """Makes a folder that of this installation, whosever it was."""
    await store.aside(store.make)
    await store.aside(Marker(store.folder, await identity()).take)


async def require(store: Store) -> None:
    """Raises OwnershipError unless the folder is marked as ours, or has no marker but may well be
    ours."""
    folder = store.folder
    found = await _answer(store, store.aside(_look, folder))
    if found is None:
        await _require_fit(store)
        return
    ours = await Installation.first()
    if ours is None or found != str(ours.identity):
        raise OwnershipError(
            f"The folder {folder} is that of the installation {found}, and this is "
            f"{ours.identity if ours else 'a new one'}",
            f"Choose another folder with {CHOOSE}; only if that installation is gone, and its "
            f"files are to be this one's, say {TAKE}",
        )


async def _answer(store: Store, asked: Awaitable[T]) -> T:
    """The folder's. What it raises is of the folder and not of the database: OwnershipError."""
    words = "The folder %s does not answer; nothing goes on before it does"
    told = asyncio.get_running_loop().call_later(PATIENCE, log.warning, words, store.folder)
    try:
        return await asked
    except OSError as error:
        why = f"{error.strerror}: {error.filename or store.folder}"
        raise OwnershipError(f"The folder {store.folder} cannot be used ({why})", MEND) from error
    finally:
        told.cancel()


async def _mark(store: Store) -> Marker:
    """One that cannot be written may still be read."""
    marker = Marker(store.folder, await identity())
    try:
        await _answer(store, store.aside(marker.put))
    except OwnershipError as error:
        log.warning(
            "The folder %s cannot be marked as this installation's, so nothing is removed from "
            "it: %s",
            store.folder,
            error.__cause__,
        )
    return marker


def _look(folder: Path) -> str | None:
    """The marker, if there is one, and a folder."""
    with suppress(FileNotFoundError), os.scandir(folder):
        return read(folder)
    return None


async def _require_fit(store: Store) -> None:
    """Raises OwnershipError where the database and a folder without a marker have something against
    each other."""
    folders, empty = kept(store), True
    while some := await _answer(store, anext(folders, None)):
        if await _known(some):
            return
        empty = False
    if not empty:
        raise OwnershipError(
            f"The folder {store.folder} has files, but none that this database tells of: they look "
            "like another installation's",
            f"Choose another folder with {CHOOSE}; only if these are to be this one's, say {TAKE}",
        )
    if await File.exists():
        raise OwnershipError(
            f"The folder {store.folder} has none of the files that the database tells of: it looks "
            "as if it were not mounted",
            "Mount it, or correct PROCESSION_FILES_URL; only if the files are lost for good, say "
            f"{TAKE}",
        )


async def _known(ids: list[UUID]) -> bool:
    """Whether the database has, or had until just now, one of these processes."""
    there = await Process.filter(id__in=ids).exists()
    return there or await Deletion.filter(process_id__in=ids).exists()
