"""The queue of processes that are to be launched: the one place that knows arq.

Only the id of a process travels through Redis, and it is the job's id too, so that putting a
process in twice is harmless. arq's jobs are thin: `launch` returns within milliseconds, and the
worker keeps one of arq's slots for as long as the script runs.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import orjson
from arq import ArqRedis, Worker, cron
from arq.typing import WorkerCoroutine
from arq.worker import func
from redis.asyncio import BlockingConnectionPool
from redis.exceptions import RedisError

from jobs.doorbell import Bell, Doorbell, Topic
from models.instant import now

log = logging.getLogger(__name__)

LAUNCH = "launch"
POLL = 0.5  # seconds between looks into the queue when no doorbell is heard
JOB_TIMEOUT = 30  # seconds that one launch may take
KEPT_MS = 30 * 24 * 3600 * 1000  # for which a waiting job's body is kept in Redis
SWEEP_SECONDS = {0, 10, 20, 30, 40, 50}  # of each minute


def pack(content: dict[str, Any]) -> bytes:
    return orjson.dumps(content, default=repr)


def connect(url: str) -> ArqRedis:
    """Redis at `redis://HOST:PORT/DB` or `unix://PATH`."""
    pool = BlockingConnectionPool.from_url(
        url, max_connections=50, timeout=10, socket_timeout=60, health_check_interval=15
    )
    return ArqRedis(
        pool,
        job_serializer=pack,
        job_deserializer=orjson.loads,
        default_queue_name=Topic.QUEUE.value,
        expires_extra_ms=KEPT_MS,
    )


class Queue:
    """Puts processes into the queue."""

    def __init__(self, redis: ArqRedis, doorbell: Doorbell) -> None:
        self._redis = redis
        self._doorbell = doorbell

    async def put(self, process_id: UUID, due: datetime) -> None:
        """To be launched at `due`. An unreachable Redis is no error: the sweep puts it in later."""
        at = None if due <= now() else due
        try:
            await self._redis.enqueue_job(
                LAUNCH, str(process_id), _job_id=str(process_id), _defer_until=at
            )
        except (RedisError, OSError) as error:
            log.warning("Process %s waits for the next sweep: %s", process_id, error)
            return
        if at is None:
            await self._doorbell.ring(Topic.QUEUE)


class QueueWorker(Worker):
    """arq's worker, woken by the doorbell; a slot is taken from `hold` to `release`."""

    def __init__(
        self,
        redis: ArqRedis,
        doorbell: Doorbell,
        launch: Callable[[UUID], Awaitable[None]],
        sweep: Callable[[], Awaitable[None]],
        slots: int,
    ) -> None:
        self._doorbell = doorbell
        self._launch = launch
        self._sweep = sweep
        self._bell = Bell()
        super().__init__(
            functions=[func(cast(WorkerCoroutine, self._run_launch), name=LAUNCH)],
            cron_jobs=[
                cron(
                    cast(WorkerCoroutine, self._run_sweep),
                    name="sweep",
                    second=SWEEP_SECONDS,
                    timeout=60,
                )
            ],
            queue_name=Topic.QUEUE.value,
            redis_pool=redis,
            handle_signals=False,
            max_jobs=slots,
            job_timeout=JOB_TIMEOUT,
            keep_result=0,
            poll_delay=POLL,
            max_tries=1000,  # a launch is safe to repeat: only one can claim the process
            job_serializer=pack,
            job_deserializer=orjson.loads,
            expires_extra_ms=KEPT_MS,
            log_results=False,
        )

    async def main(self) -> None:
        """As arq's, but woken at once when something was put into the queue."""
        with self._doorbell.heard(Topic.QUEUE) as self._bell:
            while True:
                try:
                    await self._poll_iteration()
                except (RedisError, OSError) as error:
                    log.warning("The queue cannot be read: %s", error)
                    await asyncio.sleep(1)
                await self._bell.wait(self.poll_delay_s)

    def hold(self) -> None:
        """Takes a slot for a script that runs."""
        self.job_counter += 1

    def release(self) -> None:
        """Gives a script's slot back and looks for the next."""
        self.job_counter -= 1
        self._bell.ring(())

    async def close(self) -> None:
        """Waits for the launches under way; what is in the queue stays there."""
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)

    async def _run_launch(self, _: dict[Any, Any], process_id: str) -> None:
        await self._launch(UUID(process_id))

    async def _run_sweep(self, _: dict[Any, Any]) -> None:
        with suppress(asyncio.CancelledError):
            await self._sweep()
