"""What was measured on: the machine and the versions of what matters."""

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path

import asyncpg

PACKAGES = (
    "procession",
    "starlette",
    "uvicorn",
    "uvloop",
    "httptools",
    "strawberry-graphql",
    "graphql-core",
    "tortoise-orm",
    "arq",
    "asyncpg",
    "orjson",
    "websockets",
)


def machine() -> dict[str, str]:
    """The machine, in words."""
    processor = platform.machine()
    memory = ""
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            processor = line.partition(":")[2].strip()
            break
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal"):
            memory = f"{int(line.split()[1]) / 2**20:.0f} GiB"
    return {
        "processor": processor,
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": memory,
        "system": f"{platform.system()} {platform.release()}",
        "load before": " ".join(f"{each:.2f}" for each in os.getloadavg()),
    }


async def versions(database: str | None) -> dict[str, str]:
    """The versions, also that of the database."""
    found = {"python": platform.python_version()}
    found |= {package: version(package) for package in PACKAGES}
    if database is None:
        return {**found, "database": f"SQLite {sqlite3.sqlite_version}"}
    connection = await asyncpg.connect(database.replace("postgres://", "postgresql://", 1))
    try:
        number = connection.get_server_version()
    finally:
        await connection.close()
    return {**found, "database": f"PostgreSQL {number.major}.{number.minor}"}


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:  # not Linux
        return []
