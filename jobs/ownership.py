"""Ownership: whether the folder of files is that of this installation.

With a folder that is not mounted, what is stored would lie below the mount point; with that of
another installation, all that is the other's would be removed, for this database knows nothing of
it. So neither is used.
"""

import asyncio
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
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

log = logging.getLogger(__name__)


class OwnershipError(Exception):
    """The folder of files is not to be used; says why, and what to do."""


class Objection(NamedTuple):
    """What speaks against using a folder, and what to do about it."""

    wrong: str
    mend: str


async def settle(store: Store) -> Marker:
    """Makes sure of a folder, and marks one that has no marker yet. Raises OwnershipError."""
    words = "The folder %s does not answer; nothing goes on before it does"
    told = asyncio.get_running_loop().call_later(PATIENCE, log.warning, words, store.folder)
    try:
        await _require(store)
        await _make(store)
        marker = await _mark(store)
        await _require(store)  # another installation may have been quicker
        return marker
    finally:
        told.cancel()


async def take(store: Store) -> None:
    """Makes a folder that of this installation, whosever it was."""
    await store.aside(store.make)
    await store.aside(Marker(store.folder, await identity()).take)


async def _require(store: Store) -> None:
    if found := await objection(store):
        raise OwnershipError(f"{found.wrong}. {found.mend}")


async def _make(store: Store) -> None:
    """Not before the folder is known to be ours: below a mount point nothing is to be made."""
    try:
        await store.aside(store.make)
    except OSError as error:
        raise OwnershipError(
            f"The folder {store.folder} cannot be used ({error.strerror}: {error.filename}). {MEND}"
        ) from None


async def _mark(store: Store) -> Marker:
    """One that cannot be written may still be read."""
    marker = Marker(store.folder, await identity())
    try:
        await store.aside(marker.put)
    except OSError as error:
        log.warning(
            "The folder %s cannot be marked as this installation's, so nothing is removed from "
            "it: %s",
            store.folder,
            error,
        )
    return marker


async def objection(store: Store) -> Objection | None:
    """None: the folder is marked as ours, or has no marker but may well be ours."""
    folder = store.folder
    try:
        found = await store.aside(_look, folder)
    except OSError as error:
        return Objection(
            f"The folder {folder} cannot be read ({error.strerror}: {error.filename})",
            MEND,
        )
    if found is None:
        return await _misfit(store)
    ours = await Installation.first()
    if ours is not None and found == str(ours.identity):
        return None
    return Objection(
        f"The folder {folder} is that of the installation {found}, and this is "
        f"{ours.identity if ours else 'a new one'}",
        f"Choose another folder with {CHOOSE}; only if that installation is gone, and its files "
        f"are to be this one's, say {TAKE}",
    )


def _look(folder: Path) -> str | None:
    """The marker; what it raises is of the folder and not of the database."""
    with suppress(FileNotFoundError), os.scandir(folder):
        return read(folder)
    return None


async def _misfit(store: Store) -> Objection | None:
    """What the database and a folder without a marker have against each other."""
    empty = True
    async for some in kept(store):
        if await _known(some):
            return None
        empty = False
    if not empty:
        return Objection(
            f"The folder {store.folder} has files, but none that this database tells of: they look "
            "like another installation's",
            f"Choose another folder with {CHOOSE}; only if these are to be this one's, say {TAKE}",
        )
    if await File.exists():
        return Objection(
            f"The folder {store.folder} has none of the files that the database tells of: it looks "
            "as if it were not mounted",
            "Mount it, or correct PROCESSION_FILES_URL; only if the files are lost for good, say "
            f"{TAKE}",
        )
    return None


async def _known(ids: list[UUID]) -> bool:
    """Whether the database has, or had until just now, one of these processes."""
    there = await Process.filter(id__in=ids).exists()
    return there or await Deletion.filter(process_id__in=ids).exists()
