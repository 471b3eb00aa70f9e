"""Crowd: many scripts that each print a little, and a subscriber to each."""

import asyncio
from pathlib import Path

from bench.installation import installation
from bench.listeners import listeners
from bench.process import start, until
from bench.program import each, processor_seconds
from bench.table import Row

SCRIPTS = 100
RATE = 100  # lines a second, each
BEFORE = 30  # seconds that all of them may take to start


async def crowd(folder: Path, database: str | None, *, quick: bool) -> list[Row]:
    """Latency, and what the processors had to do."""
    scripts, seconds = (20, 5) if quick else (SCRIPTS, 30)
    slots = {"PROCESSION_WORKER_SLOTS": str(scripts)}
    group = f"Crowd ({scripts} scripts at {RATE} lines/s, a subscriber each, {seconds} s)"
    async with installation(folder, database, **slots) as server:
        lines = (BEFORE + seconds) * RATE
        ids = [await start(server, "ticks", n=lines, r=RATE) for _ in range(scripts)]
        for process_id in ids:
            await until(server, process_id, "RUNNING")
        async with listeners(server, ids, scripts, seconds) as subscribers:
            before = processor_seconds(server.process.pid)
            await asyncio.sleep(seconds)
            after = processor_seconds(server.process.pid)
            heard = await subscribers.heard()
    cores = {name: (after[name] - before[name]) / seconds for name in after}
    return [*heard.rows(group, scripts * lines), *_loads(group, cores, scripts * RATE)]


def _loads(group: str, cores: dict[str, float], lines: int) -> list[Row]:
    """What the programs took; `lines` were printed in a second."""
    rows = [Row(group, "server and worker", cores["server"] + cores["worker"], "cores", ("<=", 1))]
    for name in sorted(cores):
        if cores[name]:
            rows.append(Row(group, name, cores[name], "cores", None, each(cores[name] / lines)))
    return rows
