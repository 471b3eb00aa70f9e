"""Durability: what is committed survives not only a crash of ours, but also one of the machine."""

import asyncio
import os
from contextlib import suppress
from typing import Any, cast

from models.database import connection


async def durable() -> None:
    """Returns once all that has been committed so far is on the disk.

    PostgreSQL sees to that itself. SQLite does not, as it is set up here, where it would cost more
    than it is worth for each line of output; its log, if it has one, can be put there from outside.

    Raises OSError.
    """
    client = connection()
    if client.capabilities.dialect == "sqlite":
        with suppress(FileNotFoundError):
            await asyncio.to_thread(_sync, f"{cast(Any, client).filename}-wal")


def _sync(path: str) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fdatasync(file)
    finally:
        os.close(file)
