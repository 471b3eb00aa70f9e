"""Recovery: how soon output goes on after a worker is killed, a new one adopts what the last one
left, and others notice that a worker is lost."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bench.installation import PROGRAM, Server, installation, place, serving
from bench.process import STATUS, start, until
from bench.program import by_name, family
from bench.subscription import socket
from bench.table import Row

OUTPUT = """subscription ($id: ID!) {
  processOutput(id: $id) { __typename ... on OutputBatch { lastSeq text } }
}"""
LEASE = 5  # seconds
NOTICED = LEASE + 5.0
ADOPTED = 5.0
LOOK_AGAIN = 0.02
A_LONG_TIME = 100_000  # lines


async def recovery(folder: Path, database: str | None, *, quick: bool) -> list[Row]:
    """All rows about recovery."""
    times = 2 if quick else 5
    async with installation(folder, database) as server:
        killed = [await _killed(server) for _ in range(times)]
    adopted = [await _adopted(folder, database) for _ in range(times)]
    noticed = await _noticed(folder, database)
    group = "Recovery"
    target, worst = ("<=", ADOPTED), f"the longest of {times}"
    return [
        Row(group, "worker killed -> next line at a subscriber", max(killed), "s", None, worst),
        Row(group, "server started -> line of an adopted script", max(adopted), "s", target, worst),
        Row(group, f"worker lost -> FAILED (lease {LEASE} s)", noticed, "s", ("<=", NOTICED)),
    ]


async def _killed(server: Server) -> float:
    """The worker is killed beneath a script that prints 50 lines a second."""
    process_id = await start(server, "ticks", n=A_LONG_TIME)
    async with socket(server.port, server.token) as output:
        lines = await output.subscribe(OUTPUT, {"id": process_id})
        await lines.get()
        os.kill(by_name(server.process.pid)["worker"], signal.SIGKILL)
        return await _next_line(lines, time.time_ns())


async def _adopted(folder: Path, database: str | None) -> float:
    """From the start of the next server to the first line that was printed after it."""
    async with place(folder, database) as there:
        async with serving(there) as server:
            process_id = await start(server, "ticks", n=A_LONG_TIME)
            await until(server, process_id, "RUNNING")
            server.process.kill()
            await server.process.wait()
        begun = time.time_ns()
        async with serving(there, server.token) as again, socket(again.port, again.token) as output:
            return await _next_line(await output.subscribe(OUTPUT, {"id": process_id}), begun)


async def _next_line(lines: "asyncio.Queue[Any]", since: int) -> float:
    """Seconds until a line arrives that was printed after this time (nanoseconds)."""
    while True:
        text = (await lines.get())["processOutput"]["text"]
        if int(text.rpartition("\n")[2]) > since:
            return (time.time_ns() - since) / 1e9


async def _noticed(folder: Path, database: str | None) -> float:
    """A worker on a machine of its own is killed, and does not come back."""
    settings = {"PROCESSION_LEASE": str(LEASE), "PROCESSION_WORKER_SLOTS": "1"}
    async with installation(folder, database, **settings) as server:
        await until(server, await start(server, "silent"), "RUNNING")  # takes the only slot
        async with _other_worker(server) as kill:
            process_id = await start(server, "silent")
            await until(server, process_id, "RUNNING")
            kill()
            begun = time.perf_counter()
            while await _status(server, process_id) != "FAILED":  # noqa: ASYNC110
                await asyncio.sleep(LOOK_AGAIN)
            return time.perf_counter() - begun


async def _status(server: Server, process_id: str) -> str:
    return str((await server.graphql(STATUS, {"id": process_id}))["process"]["status"])


@asynccontextmanager
async def _other_worker(server: Server) -> AsyncIterator[Callable[[], None]]:
    """One with a data folder of its own, and what kills it with all that it has started."""
    data = server.place.data
    own = {
        "PROCESSION_DATABASE_URL": server.place.database or f"sqlite://{data}/procession.sqlite3",
        "PROCESSION_REDIS_URL": f"unix://{data}/redis/redis.sock",
        "PROCESSION_FILES_URL": f"file://{data}/files",
        "PROCESSION_DATA": f"{data}-other",
    }
    worker = await asyncio.create_subprocess_exec(
        PROGRAM, "worker", env=server.place.environment() | own, stdin=asyncio.subprocess.DEVNULL
    )

    def kill() -> None:
        for pid in reversed(family(worker.pid)):
            os.kill(pid, signal.SIGKILL)

    try:
        yield kill
    finally:
        await worker.wait()
