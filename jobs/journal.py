"""Storing output: what many scripts wrote, committed together.

While one commit is on its way the next pieces gather, so commits grow with the load: a lone line
goes out at once, and a hundred chatty scripts share a transaction.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from jobs.background import beside
from jobs.doorbell import Doorbell, Topic
from jobs.merge import MANY, request_merge
from jobs.piece import Piece
from models.output import OutputChunk
from models.process import Process
from models.status import Status
from models.transaction import transaction

Entry = tuple[UUID, Piece]


class Journal:
    """The one writer of output in a worker; it writes only to what that worker holds."""

    def __init__(self, worker_id: UUID, doorbell: Doorbell) -> None:
        self._worker_id = worker_id
        self._doorbell = doorbell
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


@transaction
async def commit(worker_id: UUID, entries: list[Entry]) -> set[UUID]:
    """Stores the pieces of all processes that the worker still holds; returns their ids.

    A piece that does not go on where the stored output ends is not stored.
    """
    ours = set()
    chunks = []
    for process_id, piece in entries:
        held = Process.filter(
            id=process_id,
            worker_id=worker_id,
            status=Status.RUNNING.value,
            last_seq=piece.first_seq - 1,
        )
        if await held.update(**piece.sums()):
            ours.add(process_id)
            chunks.append(piece.chunk(process_id))
            if piece.number % MANY == 0:
                await request_merge(process_id)
    if chunks:
        await OutputChunk.bulk_create(chunks)
    return ours
