"""Reports: what scripts tell of themselves, stored for all whose report is new at the same time.

The supervisor puts a script's report beside its spool, a few times a second at most
(`jobs.supervisor.events`). It is always all of it, so reading it twice does no harm, and a worker
that adopts a script finds what another had not stored.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from jobs.background import beside
from jobs.doorbell import Doorbell, Topic
from jobs.run import Run
from models.instant import now
from models.outage import TROUBLE, Complaint
from models.process import Process
from models.report import Report as Row
from models.status import Status
from models.transaction import transaction

log = logging.getLogger(__name__)

PAUSE = 0.25  # seconds between two transactions
LARGE = ["summary", "notices", "facts"]
LEVELS = ("notice", "warning", "error")


@dataclass(frozen=True, slots=True)
class Report:
    """What the supervisor says; `version` changes with what stands in `row`."""

    version: int
    progress: dict[str, Any] | None
    counts: dict[str, int]
    notices: list[tuple[int, str, str]]
    summary: str
    values: dict[str, str]

    def columns(self) -> dict[str, object]:
        """The columns of the process that change with it."""
        counts = {f"{level}_count": self.counts[level] for level in LEVELS}
        return {"progress": self.progress, "reported_at": now(), **counts}

    def row(self, process_id: UUID) -> Row:
        return Row(
            process_id=process_id, summary=self.summary, notices=self.notices, facts=self.values
        )


class Reported:
    """Of one run, how much of its report is stored."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.written = 0  # when the report was, by the file
        self.version = 0


News = tuple[Reported, int, Report]
"""A report that is not stored, and when it was written."""


class Reports:
    """The one writer of reports in a worker."""

    def __init__(self, worker_id: UUID, doorbell: Doorbell) -> None:
        self._worker_id = worker_id
        self._doorbell = doorbell
        self._wanted: set[Reported] = set()
        self._awake = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Reports"]:
        async with beside(self._go(), "reports"):
            yield self

    def look(self, reported: Reported) -> None:
        """Stores its report soon, if it is new."""
        self._wanted.add(reported)
        self._awake.set()

    async def _go(self) -> None:
        complaint = Complaint(log, "Progress of scripts is not stored yet")
        while True:
            await self._awake.wait()
            self._awake.clear()
            taken, self._wanted = self._wanted, set()
            try:
                await self._store(await asyncio.to_thread(read_new, taken))
            except Exception as error:
                complaint.say(error)
                self._wanted |= taken
                self._awake.set()
                await asyncio.sleep(TROUBLE)
            else:
                complaint.end()
            await asyncio.sleep(PAUSE)

    async def _store(self, news: list[News]) -> None:
        if not news:
            return
        ours = await commit(self._worker_id, news)
        for reported, written, report in news:
            reported.written, reported.version = written, report.version
        await self._doorbell.ring(Topic.PROCESS, ours)


@transaction
async def commit(worker_id: UUID, news: list[News]) -> list[UUID]:
    """Stores the reports of processes that the worker still holds; returns their ids."""
    ours = []
    for reported, _, report in sorted(news, key=lambda each: each[0].run.process_id):
        process_id = reported.run.process_id
        held = Process.filter(id=process_id, worker_id=worker_id, status=Status.RUNNING.value)
        if await held.update(**report.columns()):
            ours.append(process_id)
            if report.version != reported.version:
                await store_large(process_id, report)
    return ours


async def store_large(process_id: UUID, report: Report) -> None:
    """What stands in a row of its own."""
    if report.version:
        row = report.row(process_id)
        await Row.bulk_create([row], on_conflict=["process_id"], update_fields=LARGE)


def read_new(wanted: Iterable[Reported]) -> list[News]:
    """The reports that are not stored."""
    found = []
    for reported in wanted:
        with suppress(OSError):  # of one run: the others' are stored all the same
            written = reported.run.report.stat().st_mtime_ns
            if written != reported.written and (report := read(reported.run)):
                found.append((reported, written, report))
    return found


def read(run: Run) -> Report | None:
    """The report of a run, if there is one."""
    try:
        # By name, since the supervisor may be of another version than the worker.
        report = msgspec.convert(json.loads(run.report.read_bytes()), Report)
    except FileNotFoundError:
        return None
    except (ValueError, msgspec.ValidationError):  # torn when the machine failed, or damaged
        return None
    return report if set(LEVELS) <= report.counts.keys() else None
