"""Procession's PostgreSQL backend for Tortoise: its own, with five differences.

A connection on which BEGIN fails is given back: otherwise each outage would cost some, until there
are none left. What was done is not reported as failed because the connection broke afterwards. A
connection that dies without a word, as where a firewall forgets it, is noticed. So is one that
takes no writes: it may lead to where the database was before. And asyncpg may be given a `dsn`,
with what only that can say.
"""

import socket
from contextlib import suppress
from types import TracebackType
from typing import Any

import asyncpg
from asyncpg import Connection, Pool
from asyncpg.pool import PoolConnectionProxy
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import (
    PoolConnectionWrapper,
    TransactionalDBClient,
    TransactionContextPooled,
)
from tortoise.connection import get_connections

from models.outage import takes_no_writes
from models.transaction import run_to_end

SILENCE = 15  # seconds after which a connection is given up whose other end says nothing at all
ASKING = 5  # seconds of silence after which it is asked for a sign of life, again and again
RELEASE = 5.0  # seconds that it may take to make a connection fit for its next use


async def watch(connection: Connection) -> None:
    """Has the system give it up if it dies: what waits for it raises what an outage raises."""
    held = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]
    if held.family == socket.AF_UNIX:
        return
    held.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    held.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, ASKING)
    held.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, ASKING)
    held.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, SILENCE // ASKING - 1)
    held.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE * 1000)


async def give_back(pool: Pool, connection: PoolConnectionProxy) -> None:
    """A connection that turns out to be broken is thrown away by the pool."""
    await run_to_end(_release(pool, connection))


async def look_at(pool: Pool, error: BaseException | None) -> None:
    """Has every connection made anew if one of them takes no writes: by then others may take them,
    and this one would never."""
    if error is not None and takes_no_writes(error):
        await pool.expire_connections()


async def _release(pool: Pool, connection: PoolConnectionProxy) -> None:
    with suppress(Exception):  # whatever it raises when it asks the database to clean up
        await pool.release(connection, timeout=RELEASE)


class Borrowed(PoolConnectionWrapper[PoolConnectionProxy]):
    """A connection for a single statement."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.connection is not None:
            await look_at(self.client._pool, error)
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
            await look_at(self._pool, error)
            await give_back(self._pool, self.client._connection)


class Client(AsyncpgDBClient):
    """The client of one PostgreSQL database."""

    async def create_pool(self, **settings: Any) -> Pool:
        return await asyncpg.create_pool(init=watch, **settings)

    def acquire_connection(self) -> Borrowed:
        return Borrowed(self, self._pool_init_lock)

    def _in_transaction(self) -> Context:
        return Context(TransactionWrapper(self), self._pool_init_lock)


client_class = Client
