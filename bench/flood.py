"""Flood: one script that prints as fast as it can, and what it printed read back."""

import asyncio
import hashlib
import time
from pathlib import Path

from bench.cat import cat
from bench.installation import Server, installation
from bench.lines import LENGTH, write_lines
from bench.load import median
from bench.process import lines_came, start
from bench.program import processor_seconds
from bench.reading import by_json, by_pages, by_plain_text, by_subscription
from bench.storage import stored_bytes
from bench.subscription import Socket, socket
from bench.table import Row, Target

CHANGES = "subscription ($id: ID!) { processChanges(id: $id) { process { status } } }"
RATE = (">=", 500_000)  # lines a second
MOMENT = 0.3  # seconds until the worker has taken note of the supervisor's end, surely
CATS = ("<=", 5)
PART = ("<=", 1.3)
PROGRAMS = {
    "ended": "processor time for a line, script and supervisor",
    "worker": "processor time for a line, worker",
    "server": "processor time for a line, server",
}
WAYS = {
    "by GraphQL pages, as text": by_pages,
    "by a late subscriber, as text": by_subscription,
    "by REST, as JSON": by_json,
    "by REST, as text": by_plain_text,
}


async def flood(folder: Path, database: str | None, *, quick: bool) -> list[Row]:
    """All rows about many lines; writing in turns with `cat`."""
    count, rounds = (500_000, 1) if quick else (3_000_000, 3)
    file = folder / "lines"
    await asyncio.to_thread(write_lines, file, count)
    measured = Measured(count)
    async with (
        installation(folder, database) as server,
        socket(server.port, server.token) as changes,
    ):
        empty = await stored_bytes(server.place)
        for _ in range(rounds):
            measured.cat.append(await asyncio.to_thread(cat, file))
            process_id = await _print(server, changes, file, measured)
        measured.stored = (await stored_bytes(server.place) - empty) / rounds
        sha256 = await asyncio.to_thread(_sha256, file)
        for name, read in WAYS.items():
            measured.reads[name] = [await read(server, process_id, sha256) for _ in range(rounds)]
    return measured.rows()


async def _print(server: Server, changes: Socket, file: Path, measured: "Measured") -> str:
    """Prints the file; the seconds are those from its first line to the end of the process."""
    before = processor_seconds(server.process.pid)
    process_id = await start(server, "flood", f=file)
    news = await changes.subscribe(CHANGES, {"id": process_id})
    while (await news.get())["processChanges"]["process"]["status"] != "COMPLETED":
        pass
    ended = time.time()
    first, last = await lines_came(server, process_id)
    measured.print.append(ended - first)
    measured.script.append(last - first)
    await asyncio.sleep(MOMENT)
    after = processor_seconds(server.process.pid)
    for name, spent in measured.spent.items():
        spent.append(after[name] - before[name])
    return process_id


class Measured:
    """The seconds that each round took: to the end of the process, and of the `script` alone;
    `spent` are those of processors, `stored` is in bytes."""

    def __init__(self, count: int) -> None:
        self.cat: list[float] = []
        self.print: list[float] = []
        self.script: list[float] = []
        self.spent: dict[str, list[float]] = {name: [] for name in PROGRAMS}
        self.reads: dict[str, list[float]] = {}
        self.stored = 0.0
        self._count = count
        self._group = f"Flood ({count:,} lines of {LENGTH} bytes)"

    def rows(self) -> list[Row]:
        part = self.stored / self._count / LENGTH
        return [
            self._rate("from the pipe to stored, process ended", self.print),
            self._part_of_cat("times what cat takes", self.print, CATS),
            self._part_of_cat("the same of the script alone", self.script),
            *(self._cost(words, self.spent[name]) for name, words in PROGRAMS.items()),
            Row(self._group, "stored bytes / printed bytes", part, "", PART),
            *(self._rate(f"read back {name}", seconds) for name, seconds in self.reads.items()),
        ]

    def _rate(self, name: str, seconds: list[float]) -> Row:
        return Row(self._group, name, self._count / median(seconds), "lines/s", RATE)

    def _cost(self, name: str, seconds: list[float]) -> Row:
        return Row(self._group, name, median(seconds) / self._count * 1e6, "µs")

    def _part_of_cat(self, name: str, seconds: list[float], target: Target | None = None) -> Row:
        parts = [own / other for own, other in zip(seconds, self.cat, strict=True)]
        note = f"cat {self._count / median(self.cat):,.0f} lines/s"
        return Row(self._group, name, median(parts), "x", target, note)


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
