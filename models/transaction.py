"""Writes of several statements, all or nothing, also when the one who asked for them is cancelled.

A task that is cancelled while it enters or runs a Tortoise transaction leaves the client unusable
(a lock held for ever, a connection that is never given back). So each such write is a task of its
own, and whoever is cancelled waits for it to end first.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from tortoise.transactions import in_transaction

from models.database import connection

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


async def run_to_end(work: Awaitable[T]) -> T:
    """Awaits `work` in a task of its own that the caller's cancellation does not reach.

    Whoever is cancelled hears no more of it: if it fails then, the log says so.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:
                continue
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning(
                "Nobody waits any more for what was not done: %s", str(error) or repr(error)
            )
        raise


def transaction(write: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Makes an async function one transaction that runs to its end if its caller is cancelled."""

    async def in_one(*args: P.args, **kwargs: P.kwargs) -> T:
        async with in_transaction():
            return await write(*args, **kwargs)

    @wraps(write)
    async def whole(*args: P.args, **kwargs: P.kwargs) -> T:
        return await run_to_end(in_one(*args, **kwargs))

    return whole


@asynccontextmanager
async def snapshot() -> AsyncIterator[None]:
    """All that is read inside is of one moment, while others write; nothing can be written.

    For programs that do nothing else meanwhile: on SQLite the one connection is in it.
    """
    if connection().capabilities.dialect == "sqlite":
        await connection().execute_query("BEGIN")
        try:
            yield
        finally:
            await connection().execute_query("ROLLBACK")
    else:
        async with in_transaction() as one:
            await one.execute_script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # It keeps nobody waiting, and what is read is written away meanwhile.
            await one.execute_script("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield
