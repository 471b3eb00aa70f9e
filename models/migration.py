"""Bringing a database to the present form: aerich's migrations, one folder for each dialect.

Many servers may start at once: one migrates, the others wait and find nothing to do.
"""

import asyncio
import fcntl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from aerich import Command
from tortoise.context import TortoiseContext

from models.database import MODULES, configuration, dialect
from models.version import FOLDER

ADVISORY_LOCK = 0x50524F43  # any number that only Procession's migrations use


def command(url: str) -> Command:
    """Aerich's command for this database."""
    return Command(
        tortoise_config=configuration(url, pool=1, tables=[*MODULES, "aerich.models"]),
        app="models",
        location=str(FOLDER / dialect(url)),
    )


async def migrate(url: str) -> list[str]:
    """Applies what is missing; returns the names of the migrations applied."""
    async with _one_at_a_time(url), TortoiseContext():
        aerich = command(url)
        await aerich.init()
        return await aerich.upgrade()


@asynccontextmanager
async def _one_at_a_time(url: str) -> AsyncIterator[None]:
    lock = _file_lock if dialect(url) == "sqlite" else _advisory_lock
    async with lock(url):
        yield


@asynccontextmanager
async def _file_lock(url: str) -> AsyncIterator[None]:
    path = Path(url.removeprefix("sqlite://")).with_suffix(".migration-lock")
    with path.open("w") as file:
        await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
        yield


@asynccontextmanager
async def _advisory_lock(url: str) -> AsyncIterator[None]:
    connection = await asyncpg.connect(url.replace("postgres://", "postgresql://", 1))
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", ADVISORY_LOCK)
        yield
    finally:
        await connection.close()


async def draft(url: str, name: str) -> str:
    """Writes the migration that brings the last one to the present models (needs no database).

    Returns its file name, or "" where nothing differs. Review it: see CONTRIBUTING.
    """
    aerich = command(url)
    if not (FOLDER / dialect(url) / "models").exists():
        await aerich.init_migrations(safe=True)
        return "0_init"
    await aerich.init(offline=True)
    return await aerich.migrate(name, no_input=True, offline=True)


if __name__ == "__main__":  # python -m models.migration sqlite|postgres NAME
    nowhere = {"sqlite": "sqlite:///nowhere", "postgres": "postgres://nobody@localhost:1/nowhere"}
    sys.stdout.write(asyncio.run(draft(nowhere[sys.argv[1]], sys.argv[2])) + "\n")
