"""Storing output: what many scripts wrote, committed together.

While one commit is on its way the next pieces gather, so commits grow with the load: a lone line
goes out at once, and a hundred chatty scripts share a transaction. A pause after it, as long as
there are scripts that share it, lets them print more than a line for the next one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from jobs.background import beside
from jobs.doorbell import Doorbell, Topic
from jobs.merge import MANY, request_merge
from jobs.piece import Piece
from jobs.together import Together
from models.database import connection, placeholders
from models.output import OutputChunk
from models.process import Process
from models.status import Status
from models.transaction import transaction

Entry = tuple[UUID, Piece]

EACH = 0.0005  # seconds of pause for each piece of a commit
LONGEST = 0.05  # seconds of pause


class Journal:
    """The one writer of output in a worker; it writes only to what that worker holds.

    By `reading` those that write to it share the reading of small parts of their spools, too.
    """

    def __init__(self, worker_id: UUID, doorbell: Doorbell) -> None:
        self._worker_id = worker_id
        self._doorbell = doorbell
        self.reading = Together()
        self._waiting: list[tuple[Entry, asyncio.Future[bool]]] = []
        self._wanted = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Journal"]:
        async with beside(self._write(), "journal"):
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
            self._wanted.clear()
            taken, self._waiting = self._waiting, []
            try:
                ours = await commit(self._worker_id, [entry for entry, _ in taken])
            except Exception as error:  # told to each who waits, who decides whether to try again
                for _, done in taken:
                    if not done.done():
                        done.set_exception(error)
                continue
            for (process_id, _), done in ((entry, done) for entry, done in taken):
                if not done.done():
                    done.set_result(process_id in ours)
            await self._doorbell.ring(Topic.OUTPUT, ours)
            await asyncio.sleep(min(LONGEST, (len(taken) - 1) * EACH))


@transaction
async def commit(worker_id: UUID, entries: list[Entry]) -> set[UUID]:
    """Stores the pieces of all processes that the worker still holds; returns their ids.

    A piece that does not go on where the stored output ends is not stored.
    """
    ends = await _ends(worker_id, [process_id for process_id, _ in entries])
    ours = [each for each in entries if ends.get(each[0]) == each[1].first_seq - 1]
    if ours:
        await _update(ours)
        await OutputChunk.bulk_create([piece.chunk(process_id) for process_id, piece in ours])
    for process_id, piece in ours:
        if piece.number % MANY == 0:
            await request_merge(process_id)
    return {process_id for process_id, _ in ours}


async def _ends(worker_id: UUID, ids: list[UUID]) -> dict[UUID, int]:
    """The last stored line of each that the worker holds; nobody else can change it meanwhile."""
    held = Process.filter(id__in=ids, worker_id=worker_id, status=Status.RUNNING.value)
    rows = held.order_by("id").select_for_update(no_key=True).only("id", "last_seq")
    return {row.id: row.last_seq for row in await rows}


async def _update(entries: list[Entry]) -> None:
    """Changes all rows by one statement of our own; of the ORM's it would be one for each."""
    changes = [{**piece.sums(), "id": str(process_id)} for process_id, piece in entries]
    *columns, key = zip(changes[0], placeholders(1, len(changes[0])), strict=True)
    assignments = ", ".join(f"{name} = {mark}" for name, mark in columns)
    statement = f"UPDATE process SET {assignments} WHERE {key[0]} = {key[1]}"  # noqa: S608
    await connection().execute_many(statement, [list(each.values()) for each in changes])
