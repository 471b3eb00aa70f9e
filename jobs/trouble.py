"""Trouble: what keeps a worker from working well, for `/readyz` to show."""

import asyncio
import os
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from jobs.threads import begin
from models.instant import now

PATIENCE = 1.0  # seconds for a look at a folder
LEAST_FREE = 100 << 20  # bytes of a data folder's disk
BEGINNING = "it has still to take over what others left on its machine"


def trouble_with(folder: Path, name: str = "the data folder") -> str | None:
    """What is wrong with a folder or its disk, in words."""
    try:
        disk = os.statvfs(folder)
    except OSError as error:
        return f"{name} cannot be reached ({error.strerror})"
    if not os.access(folder, os.W_OK):
        return f"{name} cannot be written"
    free = disk.f_bavail * disk.f_frsize
    return f"only {free >> 20} MiB are free for {name}" if free < LEAST_FREE else None


class Outlook:
    """Looks at a folder of this name, in no thread that others wait for, and once at a time: a disk
    or a file server may hang."""

    def __init__(self, look: Callable[[], str | None], name: str) -> None:
        self._do = look
        self._name = name
        self._look: asyncio.Future[str | None] | None = None

    async def words(self) -> str | None:
        """What is wrong with it, after PATIENCE at the latest."""
        if self._look is None or self._look.done():
            self._look = begin(self._do)
        await asyncio.wait([self._look], timeout=PATIENCE)
        try:
            return self._look.result() if self._look.done() else f"{self._name} does not answer"
        except OSError as error:
            return f"{self._name} cannot be looked at ({error.strerror})"


class Trouble:
    """A worker's: with its data folder, and with processes that it cannot follow at the moment.

    That it is only `beginning` is trouble too.
    """

    def __init__(self, data: Path) -> None:
        self.beginning = True
        self._disk = Outlook(partial(trouble_with, data), "the data folder")
        self._stuck: dict[UUID, tuple[datetime, str]] = {}

    def begin(self, process_id: UUID, error: Exception) -> bool:
        """Following this process fails, for a while perhaps. False: that was known already."""
        if process_id in self._stuck:
            return False
        self._stuck[process_id] = now(), in_words(error)
        return True

    def end(self, process_id: UUID) -> None:
        self._stuck.pop(process_id, None)

    async def words(self) -> str | None:
        """All of it, or None if all is well."""
        begins = BEGINNING if self.beginning else None
        disk = await self._disk.words()
        return "; ".join(filter(None, (begins, disk, self._stuck_words()))) or None

    def _stuck_words(self) -> str | None:
        if not self._stuck:
            return None
        since, error = min(self._stuck.values())
        return (
            f"{len(self._stuck)} process(es) cannot be followed since "
            f"{since:%Y-%m-%d %H:%M:%S} UTC ({error}); its log says more"
        )


def in_words(error: Exception) -> str:
    """What anybody may know: neither a path nor an address."""
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__
