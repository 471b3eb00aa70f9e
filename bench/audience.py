"""Audience: many subscribers of one script."""

import asyncio
import resource
from pathlib import Path

from bench.installation import Server, installation
from bench.listeners import listeners
from bench.memory import use
from bench.process import start, until
from bench.program import each, processor_seconds
from bench.table import Row

SOCKETS = 1000
RATE = 20  # lines a second
BEFORE = 10  # seconds that the subscribers may take to come
MOST = 60  # KB for each subscriber


async def audience(folder: Path, database: str | None, *, quick: bool) -> list[Row]:
    """Memory for each subscriber to silence, then the latency of lines."""
    sockets, seconds = (200, 5) if quick else (SOCKETS, 30)
    group = f"Audience ({sockets:,} subscribers of a script at {RATE} lines/s, {seconds} s)"
    _allow_files()
    async with installation(folder, database) as server:
        idle = await _idle(server, sockets)
        lines = (BEFORE + seconds) * RATE
        process_id = await start(server, "ticks", n=lines, r=RATE)
        await until(server, process_id, "RUNNING")
        async with listeners(server, [process_id], sockets, seconds) as subscribers:
            before = processor_seconds(server.process.pid)
            await asyncio.sleep(seconds)
            after = processor_seconds(server.process.pid)
            heard = await subscribers.heard()
    spent = (after["server"] - before["server"]) / seconds
    note = f"{each(spent / sockets / RATE)} to a subscriber"
    return [
        *heard.rows(group, sockets * lines),
        Row(group, "server", spent, "cores", None, note),
        Row(group, "memory for an idle subscriber", idle, "KB", ("<=", MOST), "server, RSS"),
    ]


async def _idle(server: Server, sockets: int) -> float:
    """The server's memory for each subscriber to a process that prints nothing, in KB."""
    process_id = await start(server, "silent")
    await until(server, process_id, "RUNNING")
    async with listeners(server, [process_id], 10, 0):
        pass  # so that what the first ones cost is not counted
    before = use(server.process.pid).resident
    async with listeners(server, [process_id], sockets, 0):
        return (use(server.process.pid).resident - before) / sockets * 1000


def _allow_files() -> None:
    """As many as this user may have open: the server's and the listeners' limit follow ours."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
