"""Procession's PostgreSQL backend for Tortoise: its own, with three differences.

A connection on which BEGIN fails is given back: otherwise each outage would cost some, until there
are none left. What was done is not reported as failed because the connection broke afterwards. And
asyncpg may be given a `dsn`, with what only that can say.
"""

from contextlib import suppress
from types import TracebackType
from typing import Any

import asyncpg
from asyncpg import Pool
from asyncpg.pool import PoolConnectionProxy
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    PoolConnectionWrapper,
    TransactionalDBClient,
    TransactionContextPooled,
)
from tortoise.connection import get_connections


async def give_back(pool: Pool, connection: PoolConnectionProxy) -> None:
    """A connection that turns out to be broken is thrown away by the pool."""
    with suppress(Exception):  # whatever it raises when it asks the database to clean up
        await pool.release(connection)


class Borrowed(PoolConnectionWrapper[PoolConnectionProxy]):
    """A connection for a single statement."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.connection is not None:
            await give_back(self.client._pool, self.connection)


class Context(TransactionContextPooled):
    """A transaction, and a connection for as long as it takes."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self.ensure_connection()
        self._pool = self.client._parent._pool
        self.client._connection = await self._pool.acquire()
        try:
            await self.client.begin()
        except BaseException:
            await give_back(self._pool, self.client._connection)
            raise
        self.token = get_connections().set(self.connection_name, self.client)
        return self.client

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                await self.client.commit()
            else:
                with suppress(Exception):  # without a connection nothing is left to be undone
                    await self.client.rollback()
        finally:
            get_connections().reset(self.token)
            await give_back(self._pool, self.client._connection)


class Client(AsyncpgDBClient):
    """The client of one PostgreSQL database."""

    async def create_pool(self, **settings: Any) -> Pool:
        return await asyncpg.create_pool(**settings)

    def acquire_connection(self) -> Borrowed:
        return Borrowed(self, self._pool_init_lock)

    def _in_transaction(self) -> Context:
        return Context(TransactionWrapper(self), self._pool_init_lock)


client_class = Client
