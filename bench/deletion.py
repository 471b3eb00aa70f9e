"""Deletion: of a process that has printed very much, and who has to wait meanwhile."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from bench.connection import Connection, post
from bench.installation import Server, installation
from bench.lines import write_lines
from bench.process import start, until
from bench.storage import chunks
from bench.table import Row

DELETE = "mutation ($id: ID!) { deleteProcess(id: $id) }"
LATER = """mutation ($startTime: DateTime) {
  startProcess(script: "first", startTime: $startTime) { id }
}"""
MOST = 2  # seconds


async def deletion(folder: Path, database: str | None, *, quick: bool) -> list[Row]:
    """Until it is answered, until nothing is left, and the longest wait of another who writes."""
    count = 1_000_000 if quick else 10_000_000
    group = f"Deletion of a process with {count:,} lines"
    file = folder / "lines"
    await asyncio.to_thread(write_lines, file, count)
    async with installation(folder, database) as server:
        process_id = await start(server, "flood", f=file)
        await until(server, process_id, "COMPLETED", look_again=0.5)
        usual = await _longest_wait(server, asyncio.create_task(asyncio.sleep(MOST)))
        deleted = asyncio.create_task(_delete(server, process_id))
        longest = await _longest_wait(server, deleted)
        answered, gone = await deleted
    note = f"otherwise {usual * 1000:.0f} ms"
    return [
        Row(group, "answered", answered, "s", ("<=", MOST)),
        Row(group, "nothing of it is left in the database", gone, "s", ("<=", MOST)),
        Row(group, "longest wait for another start", longest * 1000, "ms", None, note),
    ]


async def _delete(server: Server, process_id: str) -> tuple[float, float]:
    """The seconds until it is answered, and until nothing is left."""
    began = time.perf_counter()
    await server.graphql(DELETE, {"id": process_id})
    answered = time.perf_counter() - began
    while True:
        if not await chunks(server.place, process_id):
            return answered, time.perf_counter() - began
        await asyncio.sleep(0.01)


async def _longest_wait(server: Server, then: asyncio.Task[Any]) -> float:
    """Starts processes (for later), one after the other, until then; how long one took at most."""
    moment = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    request = post("/graphql", server.token, {"query": LATER, "variables": {"startTime": moment}})
    connection = await Connection.open(server.port)
    longest = 0.0
    while not then.done():
        answer = await connection.send(request)
        assert "errors" not in orjson.loads(answer.body), answer
        longest = max(longest, answer.seconds)
    connection.close()
    return longest
