"""Which database a test is about; PostgreSQL as the tests ask it: in any thread, over connections
that are kept."""

import asyncio
import functools
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import asyncpg
import pytest

T = TypeVar("T")

# For what no database has a part in, or only this one.
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("database", ["postgres"], indirect=True)


class Postgres:
    """A database, to be closed. Connections that are cut are made anew."""

    def __init__(self, url: str) -> None:
        self._pool = _wait(_pool(url))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in _wait(self._pool.fetch(sql))]

    def execute_many(self, sql: str, values: list[tuple[Any, ...]]) -> None:
        _wait(self._pool.executemany(sql, values))

    @contextmanager
    def holding(self, sql: str) -> Iterator[None]:
        """Inside, what these statements lock stays locked, and nobody sees what they change."""
        connection = _wait(self._begin(sql))
        try:
            yield
        finally:
            _wait(self._commit(connection))

    async def _begin(self, sql: str) -> Any:
        connection = await self._pool.acquire()
        await connection.execute(f"BEGIN; {sql}")
        return connection

    async def _commit(self, connection: Any) -> None:
        await connection.execute("COMMIT")
        await self._pool.release(connection)

    def close(self) -> None:
        _wait(self._pool.close())


async def _pool(url: str) -> asyncpg.Pool:
    # What is prepared does not outlive a migration.
    return await asyncpg.create_pool(url, min_size=0, max_size=8, statement_cache_size=0)


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


def _wait(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run_coroutine_threadsafe(work, _loop()).result()
