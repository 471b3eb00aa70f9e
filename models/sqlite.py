"""Procession's SQLite backend for Tortoise: its own, with four differences.

Transactions begin IMMEDIATE (a deferred one fails at its first write when another process wrote
meanwhile, and no timeout applies); the lock is given back when BEGIN fails or is cancelled; a
cancelled `execute_many` is rolled back; and so is a transaction that cannot be committed.
"""

from typing import Any

from tortoise.backends.base.client import TransactionalDBClient
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
    translate_exceptions,
)
from tortoise.connection import get_connections
from tortoise.exceptions import TransactionManagementError


class ImmediateTransaction(SqliteTransactionWrapper):
    """A transaction that holds the write lock from its first statement."""

    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except Exception as error:
            raise TransactionManagementError(error) from error

    async def commit(self) -> None:
        try:
            await super().commit()
        except BaseException:
            # On a full disk it would stay open, and swallow what others write after it.
            await self.rollback()
            raise


class ImmediateContext(SqliteTransactionContext):
    """Enters a transaction, or leaves the connection as it was."""

    async def __aenter__(self) -> TransactionalDBClient:
        await self._trxlock.acquire()
        try:
            await self.ensure_connection()
            await self.connection.begin()
        except BaseException:
            try:
                if self.connection._connection:
                    # A cancelled BEGIN is still carried out by the connection's thread.
                    await self.connection._connection.rollback()
            finally:
                self._trxlock.release()
            raise
        self.token = get_connections().set(self.connection_name, self.connection)
        return self.connection  # type: ignore[no-any-return]


class Client(SqliteClient):
    """The client of one SQLite file."""

    def _in_transaction(self) -> ImmediateContext:
        return ImmediateContext(ImmediateTransaction(self), self._lock)

    @translate_exceptions
    async def execute_many(self, query: str, values: list[list[Any]]) -> None:
        async with self._in_transaction() as connection:
            await connection.execute_many(query, values)


client_class = Client
