"""Filling a database with processes, straight by SQL."""

import random
import sqlite3
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from bench.installation import Place
from models.process import parameter_digest

SCRIPTS = ("import", "metadata-export", "curate", "index", "checksum")
STATUSES = ("COMPLETED",) * 8 + ("FAILED", "STOPPED")
USERS = 5
AT_ONCE = 10_000
OLDEST = 1_700_000_000_000_000  # microseconds since 1970
APART = 97_000_000  # microseconds between two starts

PROCESS = (
    "id",
    "script",
    "status",
    "created_at",
    "start_time",
    "parameters",
    "ended_at",
    "exit_code",
    "last_seq",
    "output_bytes",
    "bookmark",
    "user_id",
)
PARAMETER = ("digest", "process_id")
USER = ("id", "name", "is_admin", "created_at")


async def fill(there: Place, first: int, last: int) -> None:
    """Adds the ended processes numbered `first` to `last`, with three parameters each."""
    for begin in range(first, last + 1, AT_ONCE):
        rows = list(_rows(begin, min(begin + AT_ONCE - 1, last)))
        processes = [process for process, _ in rows]
        parameters = [parameter for _, some in rows for parameter in some]
        users = _users() if begin == 1 else []
        if there.database:
            await _copy(there.database, users, processes, parameters)
        else:
            _insert(str(there.data / "procession.sqlite3"), users, processes, parameters)


Rows = list[tuple[Any, ...]]


def _users() -> Rows:
    return [(_id(1, number), f"user{number}", False, OLDEST) for number in range(USERS)]


def _rows(first: int, last: int) -> Iterator[tuple[tuple[Any, ...], Rows]]:
    chance = random.Random(first)  # noqa: S311 (the same rows every time)
    for number in range(first, last + 1):
        started = OLDEST + number * APART + chance.randrange(APART)
        sent = [["-c", f"collection-{number % 50}"], ["f", f"export-{number}.csv"], ["v", "true"]]
        status = chance.choice(STATUSES)
        process_id = _id(2, number)
        process = (
            process_id,
            chance.choice(SCRIPTS),
            status,
            started - 20_000,
            started,
            orjson.dumps(sent).decode(),
            started + chance.randrange(600_000_000),
            0 if status == "COMPLETED" else None,
            chance.randrange(1000),
            chance.randrange(100_000),
            "",
            _id(1, number % USERS),
        )
        digests = [(parameter_digest(name, value), process_id) for name, value in sent]
        yield process, digests


def _id(kind: int, number: int) -> UUID:
    return UUID(int=random.Random(kind << 40 | number).getrandbits(128), version=4)  # noqa: S311


def _insert(path: str, users: Rows, processes: Rows, parameters: Rows) -> None:
    sqlite3.register_adapter(UUID, str)
    connection = sqlite3.connect(path, timeout=30)
    try:
        with connection:
            for table, columns, rows in _tables(users, processes, parameters):
                names = ", ".join(f'"{column}"' for column in columns)
                marks = ", ".join("?" for _ in columns)
                connection.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)  # noqa: S608
    finally:
        connection.close()


async def _copy(url: str, users: Rows, processes: Rows, parameters: Rows) -> None:
    connection = await asyncpg.connect(url.replace("postgres://", "postgresql://", 1))
    try:
        for table, columns, rows in _tables(users, processes, parameters):
            await connection.copy_records_to_table(table, records=rows, columns=columns)
            await connection.execute(f'ANALYZE "{table}"')  # as autovacuum would, in a minute
    finally:
        await connection.close()


def _tables(
    users: Rows, processes: Rows, parameters: Rows
) -> list[tuple[str, tuple[str, ...], Rows]]:
    return [
        ("user_account", USER, users),
        ("process", PROCESS, processes),
        ("parameter", PARAMETER, parameters),
    ]
