"""What is stored of output, asked of the database itself."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import asyncpg

from bench.installation import Place

TABLE = "SELECT pg_total_relation_size('output_chunk')"
FILE = """SELECT (page_count - freelist_count) * page_size
  FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()"""
CHUNKS = "SELECT count(*) FROM output_chunk WHERE process_id = "


async def stored_bytes(there: Place) -> int:
    """The size of the table of output with its indexes; on SQLite that of the whole database."""
    if there.database:
        return await _ask_postgres(there.database, TABLE)
    return await _ask_sqlite(there.data, FILE)


async def chunks(there: Place, process_id: str) -> int:
    """How many rows of a process's output are stored."""
    if there.database:
        return await _ask_postgres(there.database, f"{CHUNKS} $1", UUID(process_id))
    return await _ask_sqlite(there.data, f"{CHUNKS} ?", process_id)


async def _ask_postgres(database: str, query: str, *values: object) -> int:
    connection = await asyncpg.connect(database.replace("postgres://", "postgresql://", 1))
    try:
        return int(await connection.fetchval(query, *values))
    finally:
        await connection.close()


async def _ask_sqlite(folder: Path, query: str, *values: object) -> int:
    def ask() -> int:
        with closing(sqlite3.connect(folder / "procession.sqlite3", timeout=30)) as connection:
            return int(connection.execute(query, values).fetchone()[0])

    return await asyncio.to_thread(ask)
