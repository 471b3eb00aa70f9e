"""The worker as a program: `procession worker`, or a child of `procession serve`."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from functools import partial

from jobs.background import end
from jobs.housekeeping import keep_house
from jobs.queue import LaunchQueue, Timetable
from jobs.site import Site
from jobs.sweep import sweep
from jobs.worker import Worker
from models.migration import pending
from server.parts import log_to_stderr, opened
from server.settings import Settings, read_settings

log = logging.getLogger(__name__)

LOOK_AGAIN = 2.0  # seconds between looks at a database that is not migrated yet
CTRL_C = "Stopped by Ctrl-C"
STOP_SCRIPTS = b"!"


async def work(settings: Settings, *, with_parent: bool = False) -> None:
    """Runs scripts until a signal comes, or (`with_parent`) until standard input ends.

    SIGTERM, and the end of standard input, leave the scripts running for the next worker; SIGINT,
    which is Ctrl-C, and STOP_SCRIPTS stop them.
    """
    leave = asyncio.Event()
    interrupted = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, leave.set)
    loop.add_signal_handler(signal.SIGINT, interrupted.set)
    if with_parent:
        loop.add_reader(sys.stdin.fileno(), partial(_hear_parent, leave, interrupted))
    await _until_migrated(settings)
    async with opened(settings, settings.redis_url) as parts:
        site = Site(
            settings.data_folder,
            parts.catalogue,
            parts.store,
            parts.queue,
            parts.doorbell,
            settings.script_environment(),
        )
        async with Worker(site).open() as worker:
            launches = LaunchQueue(
                parts.redis, parts.doorbell, worker.launch, settings.worker_slots
            )
            house = partial(keep_house, site, settings.default_keep)
            timetable = Timetable(parts.redis, partial(sweep, site), house)
            worker.use_slots(launches)
            log.info("Worker %s is ready", worker.id)
            await _until_first(launches.main(), timetable.main(), leave.wait(), interrupted.wait())
            await launches.close()
            await timetable.close()
            if interrupted.is_set():
                await worker.stop_all(CTRL_C)


async def _until_first(*works: Coroutine[None, None, object]) -> None:
    """Awaits the first of these to end, and cancels the others. Raises what that one raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(*tasks)
    for task in done:
        task.result()


def _hear_parent(leave: asyncio.Event, interrupted: asyncio.Event) -> None:
    order = os.read(sys.stdin.fileno(), 1)
    if order == STOP_SCRIPTS:
        interrupted.set()
    if not order:
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        leave.set()


async def _until_migrated(settings: Settings) -> None:
    while missing := await pending(settings.database):
        log.warning("Waiting for `procession migrate` (%d to be applied)", len(missing))
        await asyncio.sleep(LOOK_AGAIN)


if __name__ == "__main__":  # the child of `procession serve`, without the web server's weight
    its_settings = read_settings()
    log_to_stderr(its_settings)
    asyncio.run(work(its_settings, with_parent=True))
