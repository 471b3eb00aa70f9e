"""Health: what an orchestrator asks for, without a token and without secrets in the answer.

`/healthz` says that the server answers. `/readyz` says whether it can do its work: 503 where it
cannot, because the database is away; 200 with "degraded" where it can but something is wrong that
will heal: answers go on without Redis, processes wait for a worker, a disk fills up.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from redis.exceptions import RedisError, ResponseError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from jobs.queue import try_out
from jobs.trouble import Outlook, trouble_with
from models.database import connection
from models.instant import now
from models.outage import complain, takes_no_writes
from models.worker import Worker
from server.parts import Parts

log = logging.getLogger(__name__)

PATIENCE = 3.0  # seconds that a check may take
TRIAL = {
    "sqlite": "SELECT 1",  # the check of the disk says whether that is written
    "postgres": 'DELETE FROM "worker" WHERE FALSE',  # a standby refuses it, and nobody waits for it
}

Check = Callable[[], Awaitable[str]]
"""Answers "ok", or says what is wrong."""


async def alive(_: Request) -> Response:
    """The server answers."""
    return PlainTextResponse("ok\n")


class Readiness:
    """What the server needs, looked at one by one."""

    def __init__(self, parts: Parts, data: Path) -> None:
        self._parts = parts
        self._folders = (
            Outlook(partial(trouble_with, data), "the data folder"),
            Outlook(partial(_trouble_with_files, parts, data), "the folder of files"),
        )
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
        except Exception as error:
            complain(log, f"The check of the {name} fails", error)
            return "unreachable"

    async def _database(self) -> str:
        try:
            await connection().execute_query(TRIAL[connection().capabilities.dialect])
        except Exception as error:
            if not takes_no_writes(error):
                raise
            return "takes no writes"
        return "ok"

    async def _redis(self) -> str:
        try:
            await try_out(self._parts.redis)
        except ResponseError as error:  # it is full, or a replica
            log.warning("Redis takes nothing into the queue: %s", error)
            return "takes nothing; starts wait, everything else goes on"
        except (RedisError, OSError):
            return "unreachable; starts wait, everything else goes on"
        return "ok"

    async def _worker(self) -> str:
        there = Worker.filter(lease_until__gte=now(), lost_at__isnull=True, left_at__isnull=True)
        living = await there.order_by("machine")
        if not living:
            return "none; processes wait until one is started"
        troubles = [f"worker on {each.machine}: {each.trouble}" for each in living if each.trouble]
        return "; ".join(dict.fromkeys(troubles)) or "ok"

    async def _disk(self) -> str:
        looks = (folder.words() for folder in self._folders)
        return "; ".join(filter(None, await asyncio.gather(*looks))) or "ok"


def _trouble_with_files(parts: Parts, data: Path) -> str | None:
    """What the data folder does not tell of already."""
    files = parts.store.folder
    trouble = None if files.is_relative_to(data) else trouble_with(files, "the folder of files")
    return trouble or parts.marker.trouble()
