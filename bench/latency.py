"""Latency: from a start to RUNNING and to the first line, and from a printed line to its reader."""

import asyncio
import time
from pathlib import Path

from bench.installation import Server, installation
from bench.load import quantile
from bench.process import start
from bench.subscription import Socket, socket
from bench.table import Row

CHANGES = "subscription { processChanges { id process { status } } }"
OUTPUT = """subscription ($id: ID!) {
  processOutput(id: $id) { __typename ... on OutputBatch { lastSeq text } }
}"""
PATIENCE = 30  # seconds


async def latency(folder: Path, database: str | None, *, quick: bool) -> list[Row]:
    """All rows about latency."""
    async with (
        installation(folder, database) as server,
        socket(server.port, server.token) as changes,
        socket(server.port, server.token) as output,
    ):
        starts = await _starts(server, changes, output, 10 if quick else 60)
        lines = sorted(await _lines(server, output, 200 if quick else 1500))
    answered, running, first = (sorted(times) for times in zip(*starts, strict=True))
    group = f"Latency ({len(starts)} starts, {len(lines)} lines at 50 a second)"
    return [
        Row(group, "start -> answer of the mutation, median", _ms(answered, 0.5), "ms"),
        Row(group, "start -> RUNNING at a subscriber, median", _ms(running, 0.5), "ms", ("<=", 60)),
        Row(group, "start -> RUNNING at a subscriber, p95", _ms(running, 0.95), "ms"),
        Row(
            group, "start -> first line at a subscriber, median", _ms(first, 0.5), "ms", ("<=", 120)
        ),
        Row(group, "start -> first line at a subscriber, p95", _ms(first, 0.95), "ms"),
        Row(group, "line printed -> received, p50", _ms(lines, 0.5), "ms", ("<=", 15)),
        Row(group, "line printed -> received, p99", _ms(lines, 0.99), "ms", ("<=", 60)),
    ]


async def _starts(
    server: Server, changes: Socket, output: Socket, count: int
) -> list[tuple[float, float, float]]:
    """For each start the seconds until its answer, RUNNING, and the first line."""
    news = await changes.subscribe(CHANGES)
    await asyncio.sleep(0.2)
    times = []
    for _ in range(count):
        began = time.perf_counter()

        async def until_running(began: float = began) -> float:
            while True:
                change = (await news.get())["processChanges"]
                if change["process"]["status"] == "RUNNING":
                    return time.perf_counter() - began

        async with asyncio.timeout(PATIENCE):
            running = asyncio.create_task(until_running())
            process_id = await start(server, "first")
            answered = time.perf_counter() - began
            lines = await output.subscribe(OUTPUT, {"id": process_id})
            await lines.get()
            first = time.perf_counter() - began
            times.append((answered, await running, first))
            while await lines.get() is not None:
                pass
        await asyncio.sleep(0.1)
        while not news.empty():
            news.get_nowait()
    return times


async def _lines(server: Server, output: Socket, count: int) -> list[float]:
    """For each line the seconds from its print to its arrival."""
    queue = await output.subscribe(OUTPUT, {"id": await start(server, "ticks", n=count)})
    times = []
    while (data := await queue.get()) is not None:
        received = time.time_ns()
        text = data["processOutput"].get("text", "")
        times += [(received - int(line)) / 1e9 for line in text.split("\n") if line]
    assert len(times) == count, len(times)
    return times


def _ms(ordered: list[float], part: float) -> float:
    return quantile(ordered, part) * 1000
