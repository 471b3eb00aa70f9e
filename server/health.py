"""Health: what an orchestrator asks for, without a token and without secrets in the answer.

`/healthz` says that the server answers. `/readyz` says whether it can do its work: 503 where it
cannot, because the database is away; 200 with "degraded" where it can but something is wrong that
will heal: answers go on without Redis, and processes wait for a worker.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from models.database import connection
from models.instant import now
from models.worker import Worker
from server.parts import Parts

log = logging.getLogger(__name__)

PATIENCE = 3.0  # seconds that a check may take
LEAST_FREE = 100 << 20  # bytes of the data folder's disk

Check = Callable[[], Awaitable[str]]
"""Answers "ok", or says what is wrong."""


async def alive(_: Request) -> Response:
    """The server answers."""
    return PlainTextResponse("ok\n")


class Readiness:
    """What the server needs, looked at one by one."""

    def __init__(self, parts: Parts, data: Path) -> None:
        self._parts = parts
        self._data = data
        self._checks: dict[str, Check] = {
            "database": self._database,
            "redis": self._redis,
            "worker": self._worker,
            "disk": self._disk,
        }

    async def answer(self, _: Request) -> Response:
        answers = await asyncio.gather(*map(self._look, self._checks))
        found = dict(zip(self._checks, answers, strict=True))
        status = "ready" if set(answers) == {"ok"} else "degraded"
        if found["database"] != "ok":
            status = "unavailable"
        return JSONResponse(
            {"status": status, "checks": found}, 503 if status == "unavailable" else 200
        )

    async def _look(self, name: str) -> str:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._checks[name]()
        except Exception as error:  # whatever a driver raises
            log.warning("The check of the %s fails: %r", name, error)
            return "unreachable"

    async def _database(self) -> str:
        await connection().execute_query("SELECT 1")
        return "ok"

    async def _redis(self) -> str:
        try:
            await self._parts.redis.ping()
        except (RedisError, OSError):
            return "unreachable; starts wait, everything else goes on"
        return "ok"

    async def _worker(self) -> str:
        if await Worker.filter(lease_until__gte=now()).exists():
            return "ok"
        return "none; processes wait until one is started"

    async def _disk(self) -> str:
        def look() -> str:
            if not os.access(self._data, os.W_OK):
                return "the data folder cannot be written"
            disk = os.statvfs(self._data)
            free = disk.f_bavail * disk.f_frsize
            return "ok" if free >= LEAST_FREE else f"only {free >> 20} MiB are free"

        return await asyncio.to_thread(look)
