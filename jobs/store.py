"""The store: where uploads and output files lie, by the ids of their process and of themselves.

What a person called a file is never part of a path here.
"""

import hashlib
import os
import re
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from errno import ENODEV
from io import BufferedReader, FileIO
from pathlib import Path
from typing import ParamSpec, TypeVar
from uuid import UUID, uuid4

from jobs.threads import Threads
from models.transaction import run_to_end

P = ParamSpec("P")
T = TypeVar("T")

UUID_NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BLOCK = 1 << 20  # bytes handed to a thread at once
THREADS = 32
ABANDONED_AFTER = 24 * 3600.0  # seconds without a write after which a stage is nobody's


@dataclass(frozen=True, slots=True)
class Staged:
    """A file that has arrived whole but belongs to no process yet.

    `arrival` is the id under which it came in pieces (`jobs.arrivals`), and which it keeps.
    """

    path: Path
    name: str
    media_type: str
    size: int
    sha256: str
    arrival: UUID | None = None


class Stage:
    """A folder for files on their way in; what is not kept is gone when the stage is left."""

    def __init__(self, store: "Store", folder: Path) -> None:
        self.used = False
        self._store = store
        self._folder = folder

    async def receive(self, blocks: AsyncIterator[bytes], name: str, media_type: str) -> Staged:
        """Writes a file as it comes; memory stays at about BLOCK bytes."""
        path = self._folder / str(uuid4())
        digest, size, pending = hashlib.sha256(), 0, bytearray()
        async with self._new(path) as file:

            def write(block: bytes) -> None:
                digest.update(block)
                file.write(block)

            async for block in blocks:
                size += len(block)
                pending += block
                if len(pending) >= BLOCK:
                    await self._do(write, bytes(pending))
                    pending.clear()
            await self._do(write, bytes(pending))
        return Staged(path, name, media_type, size, digest.hexdigest())

    @asynccontextmanager
    async def _new(self, path: Path) -> AsyncIterator[FileIO]:
        """A file in this folder, which is made with the first one."""
        self.used = True
        file = await self._do(_create, path)
        try:
            yield file
        finally:
            await self._do(file.close)

    async def _do(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """To its end: nothing is to be closed while it is written to, nor made after it was
        removed."""
        return await run_to_end(self._store.aside(work, *args, **kwargs))


class Store:
    """Files in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stages = folder / "staging"
        self.threads = Threads(THREADS)

    def make(self) -> None:
        """Makes the folder, once it is known to be ours: by what is in it `require` knows it."""
        self._stages.mkdir(parents=True, exist_ok=True)

    def require(self) -> None:
        """Raises OSError, but no FileNotFoundError, where the disk is away: nothing is put below
        its mount point, and nothing that is on it is taken for lost."""
        if not self._stages.is_dir():
            raise OSError(ENODEV, "The folder of files is away", str(self.folder))

    async def aside(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Does what concerns files here in one of the store's own `threads`: a file server that
        hangs holds up only what needs it."""
        return await self.threads.do(work, *args, **kwargs)

    @asynccontextmanager
    async def stage(self) -> AsyncIterator[Stage]:
        folder = self._stages / str(uuid4())
        stage = Stage(self, folder)
        try:
            yield stage
        finally:
            if stage.used:
                await run_to_end(self.aside(shutil.rmtree, folder, ignore_errors=True))

    def path(self, process_id: UUID, file_id: UUID) -> Path:
        """Where the bytes of a kept file are."""
        return self.folder_of(process_id) / str(file_id)

    def folder_of(self, process_id: UUID) -> Path:
        """Where the kept files of a process are; it is there only if it has some."""
        return self.folder / str(process_id)

    def processes(self, digit: str) -> list[UUID]:
        """The processes that have a folder here, of those whose ids begin with this digit."""
        names: list[str] = []
        with suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            names += [entry.name for entry in entries if entry.name.startswith(digit)]
        return [UUID(name) for name in names if UUID_NAME.fullmatch(name)]

    def paths(self, process_id: UUID) -> list[Path]:
        """Whatever lies in the folder of a process."""
        with suppress(FileNotFoundError):
            return list(self.folder_of(process_id).iterdir())
        return []

    def keep(self, path: Path, process_id: UUID, file_id: UUID) -> None:
        """Makes a file to which nobody writes any more part of a process; it also stays where it
        is, for who can still fail, and for other places that it was sent for."""
        kept = self._make_folder_of(process_id) / str(file_id)
        try:
            os.link(path, kept)
        except OSError:  # a file system without links, or no room
            shutil.copyfile(path, kept)

    def adopt(self, file: BufferedReader, process_id: UUID, file_id: UUID) -> None:
        """Makes an open file part of a process; where it was it stays, and it may be done again.

        What has further names is copied, for somebody may write to it under one of them.
        """
        folder = self._make_folder_of(process_id)
        kept, new = folder / str(file_id), folder / str(uuid4())
        facts = os.fstat(file.fileno())
        if facts.st_nlink == 2 and kept.exists() and os.path.samestat(facts, kept.stat()):
            return
        try:
            if facts.st_nlink > 1 or not _linked(file, new):
                file.seek(0)
                with new.open("xb") as copy:
                    shutil.copyfileobj(file, copy, BLOCK)
            new.replace(kept)  # what another worker has kept is away at no time
        finally:
            new.unlink(missing_ok=True)

    def _make_folder_of(self, process_id: UUID) -> Path:
        self.require()
        folder = self.folder_of(process_id)
        folder.mkdir(exist_ok=True)
        return folder

    def remove(self, process_id: UUID) -> None:
        """Removes all files of a process, if there are any. Raises OSError where they may only be
        away."""
        try:
            shutil.rmtree(self.folder_of(process_id))
        except FileNotFoundError:
            self.require()

    def discard(self, path: Path) -> None:
        """Removes a file or a folder of the store; it may be gone already."""
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)

    def sweep_stages(self) -> None:
        """Removes the stages that a killed server left behind."""
        for folder in self._stages.iterdir():
            with suppress(FileNotFoundError):  # what is left while we look is nobody's business
                newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
                if newest < time.time() - ABANDONED_AFTER:
                    shutil.rmtree(folder, ignore_errors=True)


def _linked(file: BufferedReader, path: Path) -> bool:
    """False: this is another file system."""
    with suppress(OSError):
        os.link(f"/proc/self/fd/{file.fileno()}", path, follow_symlinks=True)
        return True
    return False


def _create(path: Path) -> FileIO:
    path.parent.mkdir(exist_ok=True)
    return path.open("xb", buffering=0)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
