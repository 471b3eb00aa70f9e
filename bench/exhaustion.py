"""Exhaustion: what a well-behaved user waits, and what memory the server takes, under attacks."""

import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.attacks import ATTACKS
from bench.connection import Connection, get, post
from bench.installation import Server, installation
from bench.lines import write_lines
from bench.load import quantile
from bench.memory import forget_peak, peak, use
from bench.process import start, until
from bench.table import Row

LIST = "{ processes(first: 20) { nodes { id scriptName status startTime } } }"
PAUSE = 0.02  # seconds between two requests of the user
WORST = 250  # ms that 99 of 100 of the user's requests may take
GROWTH = 150  # MB


async def exhaustion(folder: Path, database: str | None, *, quick: bool) -> list[Row]:
    """Two rows for each attack, after those of peace."""
    lines, seconds = (20_000, 2) if quick else (200_000, 8)
    file = folder / "lines"
    await asyncio.to_thread(write_lines, file, lines)
    async with installation(folder, database) as server:
        process_id = await start(server, "flood", f=file)
        await until(server, process_id, "COMPLETED")
        rows = await _rows(server, "in peace", seconds)
        for name in ATTACKS:
            async with _attacked(server, name, process_id):
                rows += await _rows(server, name, seconds)
    return rows


async def _rows(server: Server, name: str, seconds: float) -> list[Row]:
    pid = server.process.pid
    before = use(pid).resident
    forget_peak(pid)
    times = sorted([each async for each in _user(server, seconds)])
    group, note = f"Exhaustion: {name}", f"{len(times)} requests"
    worst = quantile(times, 0.99) * 1000
    return [
        Row(group, "a user's request, median", quantile(times, 0.5) * 1000, "ms", None, note),
        Row(group, "a user's request, p99", worst, "ms", ("<=", WORST)),
        Row(
            group, "more memory of the server at its peak", peak(pid) - before, "MB", ("<=", GROWTH)
        ),
    ]


async def _user(server: Server, seconds: float) -> AsyncIterator[float]:
    """The seconds that each request takes of somebody who looks at processes by both faces."""
    requests = itertools.cycle(
        [
            post("/graphql", server.token, {"query": LIST}),
            get("/api/system/processes", server.token),
        ]
    )
    connection = await Connection.open(server.port)
    end = time.perf_counter() + seconds
    for request in requests:
        if time.perf_counter() >= end:
            break
        answer = await connection.send(request)
        assert answer.status == 200, answer
        yield answer.seconds
        await asyncio.sleep(PAUSE)
    connection.close()


@asynccontextmanager
async def _attacked(server: Server, name: str, process_id: str) -> AsyncIterator[None]:
    given = (name, str(server.port), server.token, process_id)
    attack = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.attacks", *given)
    try:
        await asyncio.sleep(1)
        assert attack.returncode is None, "The attack has failed"
        yield
    finally:
        attack.kill()
        await attack.wait()
        await asyncio.sleep(0.5)
