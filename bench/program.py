"""The programs of an installation: which there are, and the processor time they have taken."""

import os
from collections import defaultdict
from pathlib import Path

from jobs.run import PROGRAM

NAMES = {"serve": "server", "server.worker": "worker", PROGRAM: "supervisor"}
TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds


def family(pid: int) -> list[int]:
    """A program and all that it started, and so on."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(_stat(path)[1])
        except OSError:  # ended meanwhile
            continue
    found = [pid]
    for each in found:
        found += sorted(child for child, parent in parents.items() if parent == each)
    return found


def name_of(pid: int) -> str:
    """`server`, `worker`, `supervisor`, or the name of the command."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    known = [NAMES[word] for word in words if word in NAMES]
    return known[0] if known else Path(words[0].split(" ")[0]).name


def by_name(pid: int) -> dict[str, int]:
    """The server's and the worker's process ids, in an installation whose server is `pid`."""
    return {name_of(each): each for each in family(pid)}


def processor_seconds(pid: int) -> dict[str, float]:
    """What a program and all that it started have taken so far, by their names.

    Those that have ended are together `ended`.
    """
    seconds: dict[str, float] = defaultdict(float)
    for each in family(pid):
        user, system, *ended = map(int, _stat(Path(f"/proc/{each}/stat"))[11:15])
        seconds[name_of(each)] += (user + system) * TICK
        seconds["ended"] += sum(ended) * TICK
    return seconds


def each(seconds: float) -> str:
    """The processor time of one of many lines, in words."""
    return f"{seconds * 1e6:.1f} µs for a line"


def _stat(path: Path) -> list[str]:
    """The fields after the name, which may hold anything."""
    return path.read_text().rpartition(")")[2].split()
