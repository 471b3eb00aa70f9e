"""Memory: of each program, at rest."""

import asyncio
from pathlib import Path
from typing import NamedTuple

from bench.installation import installation
from bench.program import family, name_of
from bench.table import Row, Target

GROUP = "Memory at rest"
KIB_IN_MB = 1e6 / 1024
MOST = 300  # MB


class Use(NamedTuple):
    """Memory in MB: `resident` counts what is shared whole, `share` by equal shares."""

    resident: float
    share: float


async def memory(folder: Path, database: str | None, *, quick: bool) -> list[Row]:
    """A row for each program, and their sum."""
    async with installation(folder, database) as server:
        await asyncio.sleep(1 if quick else 5)
        found = {pid: use(pid) for pid in family(server.process.pid)}
        rows = [_row(name_of(pid), each) for pid, each in found.items()]
    resident = sum(each.resident for each in found.values())
    share = sum(each.share for each in found.values())
    return [*rows, _row("everything", Use(resident, share), ("<=", MOST))]


def _row(name: str, each: Use, target: Target | None = None) -> Row:
    note = f"RSS {each.resident:.0f} MB"
    return Row(GROUP, f"{name}, PSS", each.share, "MB", target, note)


def use(pid: int) -> Use:
    """What a program takes now."""
    sizes = _sizes(f"/proc/{pid}/smaps_rollup")
    return Use(sizes["Rss"] / KIB_IN_MB, sizes["Pss"] / KIB_IN_MB)


def forget_peak(pid: int) -> None:
    """From now on `peak` tells of what comes."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak(pid: int) -> float:
    """The most resident memory that a program had, in MB."""
    return _sizes(f"/proc/{pid}/status")["VmHWM"] / KIB_IN_MB


def _sizes(path: str) -> dict[str, int]:
    """The lines that end in `kB`."""
    lines = (line.split() for line in Path(path).read_text().splitlines())
    return {words[0].rstrip(":"): int(words[1]) for words in lines if words[-1] == "kB"}
