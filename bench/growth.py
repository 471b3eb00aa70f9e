"""Growth: the memory of server and worker while a little and while very much is printed."""

import asyncio
from pathlib import Path

from bench.installation import Server, installation
from bench.lines import write_lines
from bench.memory import forget_peak, peak, use
from bench.process import start
from bench.program import by_name
from bench.subscription import socket
from bench.table import Row

FEW = 10_000
MOST = 50  # MB
PROGRAMS = ("server", "worker")
FOLLOW = """subscription ($id: ID!) {
  processOutput(id: $id) {
    ... on OutputBatch { firstSeq lastSeq text }
    ... on OutputEnd { status }
  }
}"""


async def growth(folder: Path, database: str | None, *, quick: bool) -> list[Row]:
    """How much more each takes at its peak, and after it, with a subscriber who follows."""
    many = 1_000_000 if quick else 10_000_000
    group = f"Growth from {FEW:,} to {many:,} lines, with a subscriber"
    async with installation(folder, database) as server:
        little = await _printed(server, folder / "few", FEW)
        much = await _printed(server, folder / "many", many)
    rows = []
    for name in PROGRAMS:
        (first, first_peak), (last, last_peak) = little[name], much[name]
        note = f"{first:.0f} -> {last:.0f} MB"
        rows.append(Row(group, f"{name}, afterwards", last - first, "MB", ("<=", MOST), note))
        note = f"{first_peak:.0f} -> {last_peak:.0f} MB"
        rows.append(Row(group, f"{name}, peak", last_peak - first_peak, "MB", ("<=", MOST), note))
    return rows


async def _printed(server: Server, file: Path, count: int) -> dict[str, tuple[float, float]]:
    """The resident memory of each program after so many lines, and its peak, in MB."""
    await asyncio.to_thread(write_lines, file, count)
    programs = by_name(server.process.pid)
    for name in PROGRAMS:
        forget_peak(programs[name])
    await _follow(server, await start(server, "flood", f=file), count)
    await asyncio.to_thread(file.unlink)
    pids = {name: programs[name] for name in PROGRAMS}
    return {name: (use(pid).resident, peak(pid)) for name, pid in pids.items()}


async def _follow(server: Server, process_id: str, count: int) -> None:
    """Returns when each line has come."""
    seq = 0
    async with socket(server.port, server.token) as follower:
        events = await follower.subscribe(FOLLOW, {"id": process_id})
        while (event := await events.get()) is not None:
            batch = event["processOutput"]
            if "text" in batch:
                assert batch["firstSeq"] == seq + 1, batch["firstSeq"]
                seq = batch["lastSeq"]
    assert seq == count, f"{seq} of {count} lines came"
