"""Arrivals: files that come in pieces, before they belong to a process.

Each has a folder of its own in that of its owner: `content` is what has come of it, whose size is
the truth of how much that is, and `facts.json` what is known of it. Who writes to it, or makes it
part of a process, holds a lock on `content`, on whichever machine.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from errno import ENOENT
from io import FileIO
from pathlib import Path
from uuid import UUID, uuid4

import msgspec

from jobs.store import BLOCK, UUID_NAME, Store
from jobs.threads import Threads
from models.transaction import run_to_end

CONTENT, FACTS = "content", "facts.json"


class Facts(msgspec.Struct, frozen=True):
    """What a client said of a file; `metadata` is that in its own words. `sha256` is empty until
    all `size` bytes are here."""

    name: str
    media_type: str
    size: int
    metadata: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file of which `offset` bytes are here. It `expires` if none comes until then."""

    id: UUID
    folder: Path
    facts: Facts
    offset: int
    expires: datetime

    @property
    def content(self) -> Path:
        return self.folder / CONTENT

    @property
    def missing(self) -> int:
        """How many bytes are still to come."""
        return self.facts.size - self.offset


class Arrivals:
    """Those in a store. One to which for `lifetime` seconds nothing is written is nobody's.

    What is not awaited here is to be done in the store's `threads`, too. Where its disk is away
    `find`, `counted` and `held` raise OSError.
    """

    def __init__(self, store: Store, lifetime: float) -> None:
        self._store = store
        self._folder = store.folder / "arriving"
        self._lifetime = lifetime
        self._threads = store.threads

    def of(self, owner: UUID) -> list[Arrival]:
        """All that this user has begun and not used yet."""
        folder = self._folder / str(owner)
        names = [path.name for path in folder.iterdir()] if folder.exists() else []
        found = [self.find(owner, UUID(name)) for name in names if UUID_NAME.fullmatch(name)]
        return [each for each in found if each is not None]

    def find(self, owner: UUID, arrival_id: UUID) -> Arrival | None:
        folder = self._folder / str(owner) / str(arrival_id)
        try:
            facts = msgspec.json.decode((folder / FACTS).read_bytes(), type=Facts)
            seen = (folder / CONTENT).stat()
        except (FileNotFoundError, msgspec.MsgspecError):  # a machine that failed may leave it torn
            self._store.require()
            return None
        expires = seen.st_mtime + self._lifetime
        if expires < time.time():
            return None
        return Arrival(
            arrival_id, folder, facts, seen.st_size, datetime.fromtimestamp(expires, UTC)
        )

    @contextmanager
    def counted(self, owner: UUID) -> Iterator[list[Arrival]]:
        """All that this user has begun; inside nobody, on any machine, begins another of theirs.

        Raises BlockingIOError where somebody is just doing so.
        """
        self._store.require()
        folder = self._folder / str(owner)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield self.of(owner)

    def begin(self, owner: UUID, facts: Facts) -> Arrival:
        """A new one, of which nothing is here."""
        arrival_id = uuid4()
        folder = self._folder / str(owner) / str(arrival_id)
        folder.mkdir(parents=True)
        (folder / CONTENT).touch()
        _write(folder, facts)
        expires = datetime.fromtimestamp(time.time() + self._lifetime, UTC)
        return Arrival(arrival_id, folder, facts, 0, expires)

    @asynccontextmanager
    async def held(self, owner: UUID, arrival_id: UUID) -> AsyncIterator["Held | None"]:
        """One to which nobody else can write inside, if there is such a one.

        Raises BlockingIOError where somebody else has it.
        """
        content = self._folder / str(owner) / str(arrival_id) / CONTENT
        try:
            file = await run_to_end(self._threads.do(_locked, content))
        except FileNotFoundError:
            await self._threads.do(self._store.require)
            yield None
            return
        try:
            found = await self._threads.do(self.find, owner, arrival_id)
            yield None if found is None else Held(found, file, self._threads)
        finally:
            await run_to_end(self._threads.do(file.close))

    def remove(self, arrival: Arrival) -> None:
        """It may be gone already."""
        shutil.rmtree(arrival.folder, ignore_errors=True)

    def room(self) -> int:
        """How many bytes there is room for, for who is just being `counted`."""
        return shutil.disk_usage(self._folder).free

    def sweep(self) -> int:
        """Removes those that have expired; says how many there were."""
        expired = [path for path in self._folder.glob("*/*") if self._is_over(path)]
        for path in expired:
            shutil.rmtree(path, ignore_errors=True)
        return len(expired)

    def _is_over(self, folder: Path) -> bool:
        if not UUID_NAME.fullmatch(folder.name):
            return False
        with suppress(FileNotFoundError):
            content = folder / CONTENT  # none of one that is just being begun, or removed
            touched = (content if content.exists() else folder).stat().st_mtime
            return touched < time.time() - self._lifetime
        return False


class Held:
    """An arrival, and its content, to which nobody else writes meanwhile."""

    def __init__(self, arrival: Arrival, file: FileIO, threads: Threads) -> None:
        self.arrival = arrival
        self._file = file
        self._threads = threads

    async def append(self, blocks: AsyncIterator[bytes]) -> None:
        """Writes what comes; memory stays at about BLOCK bytes. Whatever ends it, what has come by
        then is kept."""
        pending = bytearray()
        try:
            async for block in blocks:
                pending += block
                if len(pending) >= BLOCK:
                    piece, pending = pending, bytearray()
                    await self._write(piece)
        finally:
            await self._write(pending)

    async def _write(self, piece: bytearray) -> None:
        """To its end, since the file is closed as soon as nobody waits for it any more."""
        if piece:
            await run_to_end(self._threads.do(self._write_all, piece))

    def _write_all(self, piece: bytearray) -> None:
        if not os.fstat(self._file.fileno()).st_nlink:
            raise FileNotFoundError(ENOENT, "It was called back", str(self.arrival.content))
        rest = memoryview(piece)
        while rest:
            rest = rest[self._file.write(rest) :]

    def complete(self) -> Facts:
        """Its facts once all of it is here, with its SHA-256. To find that takes a while."""
        arrival = self.arrival
        os.fsync(self._file.fileno())
        self._file.seek(0)  # which is where one reads; what is written goes to the end
        digest = hashlib.file_digest(self._file, "sha256").hexdigest()
        facts = msgspec.structs.replace(arrival.facts, sha256=digest)
        with suppress(FileNotFoundError):  # it was removed meanwhile
            _write(arrival.folder, facts)
        return facts


def _locked(path: Path) -> FileIO:
    """Raises BlockingIOError, FileNotFoundError."""
    file = FileIO(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC), "r+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    return file


def _write(folder: Path, facts: Facts) -> None:
    """Whole or not at all."""
    new = folder / f"{FACTS}.new"
    new.write_bytes(msgspec.json.encode(facts))
    new.replace(folder / FACTS)
