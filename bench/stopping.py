"""Stopping: until a script is gone; and what the supervisor that sees to it takes itself."""

import asyncio
import time
from pathlib import Path
from uuid import uuid4

from bench.installation import Server, installation
from bench.load import median
from bench.memory import use
from bench.process import start
from bench.program import family, name_of
from bench.subscription import Socket, socket
from bench.table import Row
from jobs.run import Run
from jobs.spool import Reader
from jobs.supervisor.launch import Launch

OUTPUT = "subscription ($id: ID!) { processOutput(id: $id) { __typename } }"
STOP = "mutation ($id: ID!) { stopProcess(id: $id) { id } }"
GRACE = 1.0  # seconds, of the script that ignores SIGTERM
PATIENCE = 30  # seconds


async def stopping(folder: Path, database: str | None, *, quick: bool) -> list[Row]:
    """From the mutation to the end at a subscriber, and the supervisor's own share."""
    count = 3 if quick else 20
    async with (
        installation(folder, database) as server,
        socket(server.port, server.token) as output,
    ):
        obedient = [await _stop(server, output, "obedient") for _ in range(count)]
        stubborn = [await _stop(server, output, "stubborn") for _ in range(min(count, 5))]
        memory = await _memory(server, output)
    begun = [await asyncio.to_thread(_begin, folder) for _ in range(count)]
    group = "Stopping, and the supervisor"
    return [
        Row(group, "stop of a well-behaved script, median", median(obedient), "s", ("<=", 0.3)),
        Row(group, "stop of a well-behaved script, longest", max(obedient), "s"),
        Row(
            group,
            "stop of one that ignores SIGTERM, longest",
            max(stubborn),
            "s",
            ("<=", GRACE + 0.5),
            f"its grace is {GRACE:g} s",
        ),
        Row(group, "memory of a supervisor, RSS", memory, "MB", ("<=", 12)),
        Row(
            group,
            "supervisor started -> its script's first line, median",
            median(begun) * 1000,
            "ms",
            ("<=", 25),
            f"least {min(begun) * 1000:.0f} ms",
        ),
    ]


async def _stop(server: Server, output: Socket, script: str) -> float:
    """Seconds from the mutation to the end at a subscriber."""
    async with asyncio.timeout(PATIENCE):
        process_id = await start(server, script)
        lines = await output.subscribe(OUTPUT, {"id": process_id})
        await lines.get()
        began = time.perf_counter()
        await server.graphql(STOP, {"id": process_id})
        while await lines.get() is not None:
            pass
        return time.perf_counter() - began


async def _memory(server: Server, output: Socket) -> float:
    """The resident memory of a supervisor whose script runs, in MB."""
    process_id = await start(server, "obedient")
    await (await output.subscribe(OUTPUT, {"id": process_id})).get()
    programs = {name_of(pid): pid for pid in family(server.process.pid)}
    return use(programs["supervisor"]).resident


def _begin(folder: Path) -> float:
    """Seconds from the start of a supervisor to the line that its script prints at once."""
    run = Run(folder, uuid4())
    launch = Launch(["/bin/echo", "begun"], {}, str(run.work), None, GRACE, terminal=False)
    run.mark()
    run.prepare(launch, {})
    began = time.time()
    run.start().wait()
    lines = Reader(run.spool, "").read()
    assert lines is not None
    return lines.runs[0][1] / 1e6 - began
