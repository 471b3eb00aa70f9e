"""Steps: what is done with each line of a flood on its way, timed by itself in one thread.

What the script, the supervisor and the system do besides is among the rows of `flood`.
"""

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import orjson

from bench.lines import LENGTH, write_lines
from bench.table import Row
from jobs.chunk import pack, unpack
from jobs.spool import Reader
from jobs.supervisor.spool import BLOCK, HEADER, OUTPUT
from models.database import SQLITE_PRAGMAS
from schema.subscription import in_pieces

SECOND = 1_000_000  # microseconds


async def steps(folder: Path, _: str | None, *, quick: bool) -> list[Row]:
    """The processor time of each step, for a line."""
    count = 100_000 if quick else 1_000_000
    await asyncio.to_thread(write_lines, folder / "lines", count)
    clock = Clock(count)
    await asyncio.to_thread(_go, folder, clock)
    return clock.rows


class Clock:
    """Measures what is done inside, as a row."""

    def __init__(self, count: int) -> None:
        self.rows: list[Row] = []
        self._count = count
        self._group = f"Steps of a line ({count:,} lines of {LENGTH} bytes)"

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        began = time.thread_time()
        yield
        spent = time.thread_time() - began
        self.rows.append(Row(self._group, name, spent / self._count * SECOND, "µs"))


def _go(folder: Path, clock: Clock) -> None:
    """Takes each step with all lines before the next one."""
    _write_spool(folder / "lines", folder / "spool")
    reader = Reader(folder / "spool", "")
    with clock.step("worker: read the spool, find the lines, check that they are UTF-8"):
        read = list(iter(reader.read, None))
    with clock.step("worker: SHA-256"):
        digest = hashlib.sha256()
        for lines in read:
            digest.update(lines.text)
    with clock.step("worker: compress"):
        blobs = [pack(tuple(lines.runs), lines.text[:-1]) for lines in read]
    with closing(_database(folder / "chunks")) as database:
        with clock.step("worker: insert into SQLite, a commit for each piece"):
            for blob in blobs:
                database.execute("INSERT INTO chunk (data) VALUES (?)", (blob,))
        with clock.step("server: select from SQLite"):
            blobs = [blob for (blob,) in database.execute("SELECT data FROM chunk")]
    with clock.step("server: uncompress and decode"):
        batches = [unpack(1, blob) for blob in blobs]
    with clock.step("server: divide into events"):
        events = [event for batch in batches for event in in_pieces()(batch)]
    with clock.step("server: write as JSON"):
        for event in events:
            orjson.dumps({"text": event.batch.text})


def _write_spool(lines: Path, spool: Path) -> None:
    """As a supervisor does with a script in a hurry."""
    with lines.open("rb") as source, spool.open("wb") as target:
        while block := source.read(BLOCK):
            target.write(HEADER.pack(time.time_ns() // 1000, OUTPUT, len(block)) + block)


def _database(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    for name, value in SQLITE_PRAGMAS.items():
        database.execute(f"PRAGMA {name} = {value}")
    database.execute("CREATE TABLE chunk (id INTEGER PRIMARY KEY, data BLOB)")
    return database
