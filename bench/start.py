"""Start: from the command to the first page."""

import sys
from pathlib import Path

from bench.installation import ROOT, place, serving
from bench.load import median
from bench.table import Row

GROUP = "Start to the first page"
MOST = 3.0  # seconds
MAKE = ("make", "--silent", "run", "ARGS=--port 0")


async def start(folder: Path, database: str | None, *, quick: bool) -> list[Row]:
    """With an empty data folder, again, and by `make run`."""
    again = []
    async with place(folder, database) as there:
        async with serving(there) as server:
            first, token = server.seconds, server.token
        for _ in range(1 if quick else 5):
            async with serving(there, token) as server:
                again.append(server.seconds)
        made = []
        if _is_set_up():
            for _ in range(1 if quick else 3):
                async with serving(there, token, MAKE) as server:
                    made.append(server.seconds)
    name = "`make run`, everything set up"
    return [
        Row(GROUP, "`procession serve`, an empty data folder", first, "s"),
        Row(GROUP, "`procession serve`, the second time", median(again), "s", ("<=", MOST)),
        Row(GROUP, name, median(made), "s", ("<=", MOST))
        if made
        else Row(GROUP, name, None, "s", ("<=", MOST), "not measured: this is not make's Python"),
    ]


def _is_set_up() -> bool:
    """Whether `make run` would use what runs here."""
    return Path(sys.prefix) == ROOT / ".venv" and (ROOT / ".venv" / "run.stamp").exists()
