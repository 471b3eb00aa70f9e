"""The queue of processes that are to be launched: the one place that knows arq.

Only the id of a process travels through Redis, and it is the job's id too, so that putting a
process in twice is harmless. arq's jobs are thin: `launch` returns within milliseconds, and the
worker keeps one of arq's slots for as long as the script runs.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import orjson
from arq import ArqRedis, Worker, cron
from arq.typing import WorkerCoroutine
from arq.worker import Retry, func
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from jobs.background import beside, end
from jobs.doorbell import Bell, Doorbell, Topic, away
from models.instant import now, to_micros
from models.outage import Complaint, complain

log = logging.getLogger(__name__)

LAUNCH = "launch"
LAUNCHES = "procession:launches"
TIMETABLE = "procession:timetable"
TRIAL, TRIAL_MS = "procession:trial", 1000
POLL = 0.5  # seconds between looks into the queue when no doorbell is heard
PATIENCE = 2.0  # seconds to put a process in: else the sweep does
JOB_TIMEOUT = 60  # seconds that one job may take
LAUNCH_TIMEOUT = 10  # of a launch; so long, too, nobody repeats one whose worker was killed
FAREWELL = 5.0  # seconds that jobs may still take when the worker leaves
TROUBLE = 1.0  # seconds to wait after Redis refused something
LONG_AGO = timedelta(days=1)  # arq gives up what is too late
ELSEWHERE = 1.0  # seconds after which a process is offered again that this worker cannot run
KEPT_MS = 30 * 24 * 3600 * 1000  # for which a waiting job's body is kept in Redis
SWEEP_SECONDS = {0, 10, 20, 30, 40, 50}  # of each minute
HOUSEKEEPING_MINUTE = 17  # of each hour


def pack(content: dict[str, Any]) -> bytes:
    return orjson.dumps(content, default=repr)


async def try_out(redis: Redis) -> None:
    """Raises what keeps Redis from taking anything into the queue: one that is full, or a replica,
    answers a ping all the same."""
    await redis.set(TRIAL, b"", px=TRIAL_MS)


def connect(url: str) -> ArqRedis:
    """Redis at `redis://HOST:PORT/DB` or `unix://PATH`."""
    pool = BlockingConnectionPool.from_url(
        url, max_connections=50, timeout=10, socket_timeout=60, health_check_interval=15
    )
    return ArqRedis(
        pool,
        job_serializer=pack,
        job_deserializer=orjson.loads,
        default_queue_name=LAUNCHES,
        expires_extra_ms=KEPT_MS,
    )


class Queue:
    """Puts processes into the queue."""

    def __init__(self, redis: ArqRedis, doorbell: Doorbell) -> None:
        self._redis = redis
        self._doorbell = doorbell

    async def put(self, process_id: UUID, due: datetime) -> None:
        """To be launched at `due`. An unreachable Redis is no error: the sweep puts it in later."""
        at = max(due, now() - LONG_AGO)  # what is late is launched in the order in which it was due
        try:
            async with asyncio.timeout(PATIENCE):
                job = await self._redis.enqueue_job(
                    LAUNCH, str(process_id), _job_id=str(process_id), _defer_until=at
                )
                if job is None:  # it is there already; for later, if a clock was set back since
                    score = to_micros(due) // 1000
                    await self._redis.zadd(LAUNCHES, {str(process_id): score}, xx=True, lt=True)
        except (RedisError, OSError) as error:
            log.warning("Process %s waits for the next sweep: %s", process_id, away(error))
            return
        if due <= now():
            await self._doorbell.ring(Topic.QUEUE)


def in_a_line(record: logging.LogRecord) -> bool:
    """Tells without arq's traceback that a job was given up: that is the database's doing."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, TimeoutError):
        record.msg, record.exc_info = f"Given up until the next sweep: {record.getMessage()}", None
        record.args = ()
    return True


class Poller(Worker):
    """arq's worker with a loop that outlives Redis's troubles and can be woken."""

    def __init__(self, redis: ArqRedis, queue: str, jobs: dict[str, Any]) -> None:
        self.bell = Bell()
        logging.getLogger("arq.worker").addFilter(in_a_line)
        super().__init__(
            **jobs,
            queue_name=queue,
            redis_pool=redis,
            handle_signals=False,
            job_timeout=JOB_TIMEOUT,
            keep_result=0,
            poll_delay=POLL,
            max_tries=1000,  # each job here is safe to repeat
            job_serializer=pack,
            job_deserializer=orjson.loads,
            expires_extra_ms=KEPT_MS,
            log_results=False,
        )

    async def main(self) -> None:
        complaint = Complaint(log, "The queue cannot be read")
        while True:
            try:
                await self._poll_iteration()
            except (RedisError, OSError) as error:
                complaint.say(away(error))
                await asyncio.sleep(TROUBLE)
            else:
                complaint.end()
            await self.bell.wait(self.poll_delay_s)

    async def close(self) -> None:
        """Waits for the jobs under way, but not for those that hang: each is safe to repeat. What
        is in the queue stays there."""
        if jobs := list(self.tasks.values()):
            await asyncio.wait(jobs, timeout=FAREWELL)
            await end(*jobs)


class LaunchQueue(Poller):
    """Launches what is due. A slot is taken from `hold` to `release`; without one it takes nothing
    from the queue."""

    def __init__(
        self,
        redis: ArqRedis,
        doorbell: Doorbell,
        launch: Callable[[UUID], Awaitable[bool]],
        slots: int,
    ) -> None:
        async def run(_: dict[Any, Any], process_id: str) -> None:
            try:
                known = await launch(UUID(process_id))
            except Exception as error:  # the sweep puts it in again
                complain(log, f"Process {process_id} cannot be launched now", error)
                return
            if not known:
                raise Retry(ELSEWHERE)

        self._doorbell = doorbell
        functions = [func(cast(WorkerCoroutine, run), name=LAUNCH, timeout=LAUNCH_TIMEOUT)]
        super().__init__(redis, LAUNCHES, {"functions": functions, "max_jobs": slots})

    async def main(self) -> None:
        """As a poller, woken when something is put into the queue."""
        with self._doorbell.heard(Topic.QUEUE) as self.bell:
            await super().main()

    def hold(self) -> None:
        """Takes a slot for a script that runs."""
        self.job_counter += 1

    def release(self) -> None:
        """Gives a script's slot back and looks for the next."""
        self.job_counter -= 1
        self.bell.ring(())


class Timetable(Poller):
    """Runs the sweep, one worker at a time. It has a queue of its own: slots are for scripts.

    The housekeeping, which may take long, is no job but a task of the worker's own: it is run at
    the start, and whenever the job calls for it.
    """

    def __init__(
        self,
        redis: ArqRedis,
        sweep: Callable[[], Awaitable[None]],
        keep_house: Callable[[], Awaitable[None]],
    ) -> None:
        async def run(_: dict[Any, Any]) -> None:
            await _try(sweep, "The sweep")

        async def call(_: dict[Any, Any]) -> None:
            self._called.set()

        self._keep_house = keep_house
        self._looked = now()
        self._called = asyncio.Event()
        self._called.set()
        jobs = [
            cron(cast(WorkerCoroutine, run), name="sweep", second=SWEEP_SECONDS),
            cron(cast(WorkerCoroutine, call), name="housekeeping", minute=HOUSEKEEPING_MINUTE),
        ]
        super().__init__(redis, TIMETABLE, {"cron_jobs": jobs})

    async def run_cron(self, n: datetime, delay: float, num_windows: int = 2) -> None:
        """As arq's, but also after the clock was set back: what was next then is so no more."""
        if n < self._looked:
            for job in self.cron_jobs or ():
                job.next_run = None
        self._looked = n
        await super().run_cron(n, delay, num_windows)

    async def main(self) -> None:
        async with beside(self._keep_house_when_called(), "housekeeping"):
            await super().main()

    async def _keep_house_when_called(self) -> None:
        while True:
            await self._called.wait()
            self._called.clear()
            await _try(self._keep_house, "Housekeeping")


async def _try(work: Callable[[], Awaitable[None]], name: str) -> None:
    try:
        await work()
    except Exception as error:  # the next call will do
        complain(log, f"{name} has to wait", error)
