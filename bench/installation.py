"""An installation: Procession with a data folder (and on PostgreSQL a database) of its own."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import orjson

from bench.connection import Connection, get, post

ROOT = Path(__file__).absolute().parent.parent
SCRIPTS = Path(__file__).resolve().parent / "scripts"
PROGRAM = str(Path(sys.executable).with_name("procession"))
GREETING = re.compile(r"http://[^:]+:(\d+)/(?:#token=(\S+))?")
PAGE = get("/graphql", accept="text/html")
NOT_BUILT = 503  # without Node there is only a page that says so


@dataclass(frozen=True, slots=True)
class Place:
    """Where an installation keeps its things, and what else it is told.

    `database` is the URL of a PostgreSQL, or None.
    """

    data: Path
    database: str | None
    settings: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """The environment of its programs: nothing of make's, no settings but these."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PROCESSION_", "MAKE", "MFLAGS"))
        }
        own = {
            **{"PROCESSION_DATA": str(self.data), "PROCESSION_SCRIPTS": str(SCRIPTS)},
            "PROCESSION_MAX_STARTS": "1000000",  # what is measured is not to be a limit
            "PROCESSION_MAX_VIEWER_SUBSCRIPTIONS": "10000",
            "PROCESSION_DUMPABLE": "true",  # for `bench.memory`
        }
        if self.database:
            own["PROCESSION_DATABASE_URL"] = self.database
        return {**kept, **own, "PROCESSION_LOG_LEVEL": "WARNING", **self.settings}


@dataclass(slots=True)
class Server:
    """A running `procession serve`. `seconds` is the time from its start to its first page."""

    place: Place
    process: asyncio.subprocess.Process
    port: int
    token: str
    seconds: float
    connection: Connection = field(repr=False)

    async def graphql(self, query: str, variables: Mapping[str, object] | None = None) -> Any:
        """The data that a document answers."""
        if not self.connection.is_open:  # it was idle for too long
            self.connection = await Connection.open(self.port)
        document = {"query": query, "variables": variables or {}}
        answer = await self.connection.send(post("/graphql", self.token, document))
        content = orjson.loads(answer.body)
        if "errors" in content:
            raise RuntimeError(content["errors"])
        return content["data"]


@asynccontextmanager
async def place(folder: Path, database: str | None, **settings: str) -> AsyncIterator[Place]:
    """A new place below `folder`; on PostgreSQL with a new database, which is dropped again.

    `settings` are environment variables.
    """
    name = f"procession_bench_{uuid4().hex[:12]}"
    data = folder / name
    data.mkdir()
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(_database(database, name)) if database else None
        yield Place(data, url, settings)


@asynccontextmanager
async def serving(
    there: Place, token: str = "", command: tuple[str, ...] = (PROGRAM, "serve", "--port", "0")
) -> AsyncIterator[Server]:
    """Procession is started and has served its first page; it ends when this is left."""
    if there.database:
        await _migrate(there)
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env=there.environment(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        port, new_token = await _greeting(process)
        connection = await Connection.open(port)
        page = await connection.send(PAGE)
        seconds = time.perf_counter() - began
        assert page.status in (200, NOT_BUILT), page
        server = Server(there, process, port, new_token or token, seconds, connection)
        yield server
        server.connection.close()
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGINT)
            await process.wait()


@asynccontextmanager
async def installation(
    folder: Path, database: str | None, **settings: str
) -> AsyncIterator[Server]:
    """A new, running installation; `settings` are environment variables."""
    async with place(folder, database, **settings) as there, serving(there) as server:
        await settled(server)
        yield server


async def settled(server: Server) -> None:
    """Returns when the worker runs scripts, so that nothing of the start is measured."""
    query = 'mutation { startProcess(script: "first") { id } }'
    started = (await server.graphql(query))["startProcess"]["id"]
    query = "query ($id: ID!) { process(id: $id) { status } }"
    for _ in range(600):
        found = await server.graphql(query, {"id": started})
        if found["process"]["status"] == "COMPLETED":
            return
        await asyncio.sleep(0.05)
    raise TimeoutError("The worker does not run scripts")


async def _greeting(process: asyncio.subprocess.Process) -> tuple[int, str | None]:
    assert process.stdout
    async for line in process.stdout:
        if found := GREETING.search(line.decode()):
            return int(found[1]), found[2]
    raise RuntimeError(f"Procession ended with exit code {await process.wait()}")


async def _migrate(there: Place) -> None:
    migration = await asyncio.create_subprocess_exec(
        PROGRAM, "migrate", env=there.environment(), stdout=asyncio.subprocess.DEVNULL
    )
    assert await migration.wait() == 0


@asynccontextmanager
async def _database(url: str, name: str) -> AsyncIterator[str]:
    main = url.replace("postgres://", "postgresql://", 1)
    connection = await asyncpg.connect(main)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
        yield re.sub(r"^(\w+://[^/?]*)(/[^?]*)?", rf"\1/{name}", url, count=1)
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()
