"""What was measured on: the machine and the versions of what matters."""

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path

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


def versions(database: str | None) -> dict[str, str]:
    """The versions, and the kind of database."""
    found = {"python": platform.python_version()}
    found |= {package: version(package) for package in PACKAGES}
    return {**found, "database": "PostgreSQL" if database else f"SQLite {sqlite3.sqlite_version}"}


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:  # not Linux
        return []
