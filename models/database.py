"""Opening the database: `sqlite:///PATH` or `postgres://USER:PASSWORD@HOST:PORT/NAME?OPTIONS`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from tortoise import Tortoise, connections
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.backends.base.config_generator import expand_db_url

from models.tls import take_options

MODULES = (
    *("models.installation", "models.user", "models.group", "models.audit"),
    *("models.process", "models.report", "models.output", "models.file", "models.worker"),
    "models.delivery",
)

# Seconds after which PostgreSQL gives up on who stopped in the middle of a transaction: a program
# that was paused, or a machine that is gone, must not keep its locks.
PAUSE = 10

SQLITE_PRAGMAS = {
    "page_size": 8 << 10,  # bytes, of a new file: chunks of output are written in fewer steps
    "journal_mode": "WAL",
    "synchronous": "NORMAL",
    "busy_timeout": 15_000,  # ms
    "journal_size_limit": 64 << 20,  # bytes
    "cache_size": -8_000,  # KiB
    "foreign_keys": "ON",
    "secure_delete": "OFF",  # where it is ON, to delete much takes ten times as long
}


def dialect(url: str) -> str:
    """`sqlite` or `postgres`."""
    return "sqlite" if url.startswith("sqlite:") else "postgres"


def configuration(url: str, pool: int = 10, tables: Sequence[str] = MODULES) -> dict[str, Any]:
    """Tortoise's configuration for this URL, with at most `pool` connections to PostgreSQL, and the
    models of the modules `tables`."""
    if dialect(url) == "sqlite":
        credentials = {"file_path": url.removeprefix("sqlite://"), **SQLITE_PRAGMAS}
        database: dict[str, Any] = {"engine": "models.sqlite", "credentials": credentials}
    else:
        database = expand_db_url(url.replace("postgresql://", "postgres://", 1))
        database["engine"] = "models.postgres"
        database["credentials"] |= {
            **take_options(database["credentials"]),
            "minsize": 1,
            "maxsize": pool,
            "application_name": "procession",
            "server_settings": {
                "idle_in_transaction_session_timeout": f"{PAUSE}s",
                "jit": "off",  # no statement takes as long as compiling it
            },
        }
    return {
        "connections": {"default": database},
        "apps": {"models": {"models": [*tables], "default_connection": "default"}},
        "use_tz": True,
        "timezone": "UTC",
    }


@asynccontextmanager
async def connected(url: str, pool: int = 10) -> AsyncIterator[None]:
    """The models are usable inside, from every task."""
    await Tortoise.init(config=configuration(url, pool), _enable_global_fallback=True)
    try:
        yield
    finally:
        await Tortoise.close_connections()


def connection() -> BaseDBAsyncClient:
    """The connection for hand-written SQL, inside a transaction that transaction's."""
    return cast(BaseDBAsyncClient, connections.get("default"))


def placeholders(first: int, count: int) -> list[str]:
    """Numbered SQL placeholders: `$1`-style on PostgreSQL, `?1`-style on SQLite."""
    mark = "?" if connection().capabilities.dialect == "sqlite" else "$"
    return [f"{mark}{number}" for number in range(first, first + count)]
