"""Storing output: what many scripts wrote, committed together.

While one commit is on its way the next pieces gather, so commits grow with the load: a lone line
goes out at once, and a hundred chatty scripts share a transaction. A pause after it, as long as
there are scripts that share it, lets them print more than a line for the next one. What they print
is read at the end of that pause, so that nothing waits for it to be over.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from jobs.background import beside
from jobs.doorbell import Doorbell, Topic
from jobs.merge import MANY, request_merge
from jobs.piece import Piece
from jobs.together import Together
from models.database import connection, placeholders
from models.outage import Complaint
from models.status import Status
from models.transaction import transaction

log = logging.getLogger(__name__)

Entry = tuple[UUID, Piece]

EACH = 0.0005  # seconds of pause for each piece of a commit
LONGEST = 0.05  # seconds of pause


class Journal:
    """The one writer of output in a worker; it writes only to what that worker holds.

    By `reading` those that write to it share the reading of small parts of their spools, too: when
    the pause between two commits is over.
    """

    def __init__(self, worker_id: UUID, doorbell: Doorbell) -> None:
        self._worker_id = worker_id
        self._doorbell = doorbell
        self.reading = Together()
        self.complaint = Complaint(log, "Output is not stored yet")
        self._waiting: list[tuple[Entry, asyncio.Future[bool]]] = []
        self._wanted = asyncio.Event()
        self._stored: set[UUID] = set()  # what is still to be told
        self._news = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Journal"]:
        async with beside(self._tell(), "journal's doorbell"), beside(self._write(), "journal"):
            yield self

    async def store(self, process_id: UUID, piece: Piece) -> bool:
        """Stores lines and the bookmark after them; False if the process is not ours any more.

        Raises what the database raises; then nothing of the piece is stored.
        """
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(((process_id, piece), done))
        self._wanted.set()
        return await done

    async def _write(self) -> None:
        while True:
            await self._wanted.wait()
            await self.reading.settled(LONGEST)
            self._wanted.clear()
            taken, self._waiting = self._waiting, []
            try:
                ours = await commit(self._worker_id, [entry for entry, _ in taken])
            except Exception as error:  # told to each who waits, who decides whether to try again
                for _, done in taken:
                    if not done.done():
                        done.set_exception(error)
                continue
            if ours:
                self._stored |= ours
                self._news.set()
            with self.reading.held():
                for (process_id, _), done in taken:
                    if not done.done():
                        done.set_result(process_id in ours)
                await asyncio.sleep(min(LONGEST, (len(taken) - 1) * EACH))

    async def _tell(self) -> None:
        """Rings for what is stored; beside, for a Redis that hangs must not delay what is next."""
        while True:
            await self._news.wait()
            self._news.clear()
            stored, self._stored = self._stored, set()
            await self._doorbell.ring(Topic.OUTPUT, stored)


@transaction
async def commit(worker_id: UUID, entries: list[Entry]) -> set[UUID]:
    """Stores the pieces of all processes that the worker still holds; returns their ids.

    A piece that does not go on where the stored output ends is not stored. The statements are our
    own: the ORM took a third of a worker's time where a hundred scripts print at once.
    """
    ends = await _ends(worker_id, [process_id for process_id, _ in entries])
    ours = [each for each in entries if ends.get(str(each[0])) == each[1].first_seq - 1]
    if ours:
        await _update(ours)
        await _insert(ours)
    for process_id, piece in ours:
        if piece.number % MANY == 0:
            await request_merge(process_id)
    return {process_id for process_id, _ in ours}


async def _ends(worker_id: UUID, ids: list[UUID]) -> dict[str, int]:
    """The last stored line of each that the worker holds; nobody else can change it meanwhile."""
    worker, status, *marks = placeholders(1, 2 + len(ids))
    lock = "" if connection().capabilities.dialect == "sqlite" else " FOR NO KEY UPDATE"
    statement = (
        f"SELECT id, last_seq FROM process WHERE worker_id = {worker} AND status = {status}"  # noqa: S608
        f" AND id IN ({', '.join(marks)}) ORDER BY id{lock}"
    )
    values = [str(worker_id), Status.RUNNING.value, *map(str, ids)]
    _, rows = await connection().execute_query(statement, values)
    return {str(row["id"]): row["last_seq"] for row in rows}


async def _update(entries: list[Entry]) -> None:
    changes = [{**piece.sums(), "id": str(process_id)} for process_id, piece in entries]
    *columns, key = zip(changes[0], placeholders(1, len(changes[0])), strict=True)
    assignments = ", ".join(f"{name} = {mark}" for name, mark in columns)
    statement = f"UPDATE process SET {assignments} WHERE {key[0]} = {key[1]}"  # noqa: S608
    await connection().execute_many(statement, [list(each.values()) for each in changes])


async def _insert(entries: list[Entry]) -> None:
    rows = [{"process_id": str(process_id), **piece.row()} for process_id, piece in entries]
    marks = ", ".join(placeholders(1, len(rows[0])))
    statement = f"INSERT INTO output_chunk ({', '.join(rows[0])}) VALUES ({marks})"  # noqa: S608
    await connection().execute_many(statement, [list(each.values()) for each in rows])
