"""The lease: a worker's right to hold processes, for as long as it renews it.

It is a row that the others watch (`jobs.watch`), and a locked file that tells the workers of the
same machine whether this one lives.
"""

import asyncio
import fcntl
import logging
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from jobs.background import beside
from jobs.ids import ids_in
from jobs.trouble import Trouble
from models.instant import now
from models.outage import complain
from models.process import Process
from models.status import Status
from models.worker import Worker

log = logging.getLogger(__name__)

FAREWELL = 5.0  # seconds that it may take to tell the database that a worker leaves
RENEWAL = 10.0  # seconds after which one is tried again, on another connection to the database
NEW = "new."  # before the name of a lock file that is not locked yet


@dataclass(frozen=True, slots=True)
class Terms:
    """For how many seconds without a renewal a worker keeps its scripts: while it runs (`lease`),
    and after it has left them to the next one on its machine (`handover`)."""

    lease: int
    handover: int

    @property
    def renew(self) -> float:
        """Seconds between two renewals."""
        return self.lease / 6

    @property
    def look(self) -> float:
        """Seconds between two looks at the others."""
        return max(self.lease / 30, 0.25)


class Lease:
    """One worker's, while it is `open`; `lost` once others have given it up.

    `locks` is the folder of the lock files, `scripts` are the names that the worker knows; each
    renewal tells of its `trouble`.
    """

    def __init__(self, locks: Path, terms: Terms, scripts: Iterable[str], trouble: Trouble) -> None:
        self.id = uuid4()
        self.lost = asyncio.Event()
        self._locks = locks
        self._terms = terms
        self._scripts = sorted(scripts)
        self._trouble = trouble

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Lease"]:
        """Renews it inside. Who leaves scripts behind keeps it for the time of the handover."""
        new = self._locks / f"{NEW}{self.id}"
        with new.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            new.rename(self._locks / str(self.id))  # so that nobody ever sees it unlocked
            await Worker.create(
                id=self.id,
                machine=socket.gethostname(),
                lease_until=self._until,
                lease=self._terms.lease,
                scripts=self._scripts,
                trouble=await self._trouble.words(),
            )
            async with beside(self._keep(), "lease"):
                yield self
            await self._leave()

    async def renew(self) -> None:
        """Tells of its trouble, too."""
        ours = Worker.filter(id=self.id, lost_at__isnull=True)
        trouble = await self._trouble.words()
        if not await ours.update(lease_until=self._until, trouble=trouble):
            self.lost.set()

    def others(self) -> list[tuple[UUID, bool]]:
        """The workers that were seen on this machine, this one not, and whether each lives."""
        seen = [each for each in ids_in(self._locks) if each != self.id and self.knows(each)]
        return [(each, self.lives(each)) for each in seen]

    def lives(self, worker_id: UUID) -> bool:
        """Whether that worker lives on this machine, as far as we may know."""
        try:
            with (self._locks / str(worker_id)).open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return True
        except FileNotFoundError:
            pass
        return False

    def knows(self, worker_id: UUID | None) -> bool:
        """Whether that worker is one of this machine, or was one and may still hold something."""
        return (self._locks / str(worker_id)).is_file()

    def bury(self, worker_id: UUID) -> None:
        """Forgets a worker of this machine of which nothing is left to be taken over."""
        (self._locks / str(worker_id)).unlink(missing_ok=True)

    @property
    def _until(self) -> datetime:
        return now() + timedelta(seconds=self._terms.lease)

    async def _keep(self) -> None:
        while not self.lost.is_set():
            await asyncio.sleep(self._terms.renew)
            try:
                async with asyncio.timeout(RENEWAL):
                    await self.renew()
            except Exception as error:
                complain(log, "The lease could not be renewed", error)

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(FAREWELL):
                if await Process.filter(worker_id=self.id, status=Status.RUNNING.value).exists():
                    await self._hand_over()
                else:
                    await Worker.filter(id=self.id).delete()
        except Exception as error:  # the lease will run out
            complain(log, f"The database was not told that worker {self.id} leaves", error)

    async def _hand_over(self) -> None:
        seconds = self._terms.handover
        await Worker.filter(id=self.id, lost_at__isnull=True).update(
            left_at=now(), lease=seconds, lease_until=now() + timedelta(seconds=seconds)
        )
