"""What a worker does from its beginning to its end."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from jobs.account import let_pass
from jobs.background import end
from jobs.delivery import Deliveries
from jobs.housekeeping import keep_house
from jobs.lease import Terms
from jobs.ownership import OwnershipError
from jobs.queue import LaunchQueue, Timetable
from jobs.site import Site
from jobs.sweep import sweep
from jobs.worker import Worker
from models.version import VersionError, pending
from resolvers.deliveries import may_still_see
from server.insistence import insist
from server.memory import keep_freed_memory
from server.parts import DataFolderError, Parts, log_to_stderr, opened
from server.privacy import keep_private
from server.settings import Settings, read_settings
from server.signals import leaving
from server.worker import STOP_SCRIPTS
from server.worker.channels import channels

T = TypeVar("T")

log = logging.getLogger(__name__)

CTRL_C = "Stopped by Ctrl-C"
FAREWELL = 5.0  # seconds that a beginning may still take when the worker is told to leave


class LeftError(Exception):
    """The worker was told to leave before it could begin."""


class NotYetMigratedError(Exception):
    """Somebody has still to migrate the database."""


@dataclass
class Orders:
    """What the worker was told: to `drain` is to leave only once its scripts have ended."""

    drain: bool
    leave: asyncio.Event = field(default_factory=asyncio.Event)
    interrupted: asyncio.Event = field(default_factory=asyncio.Event)
    draining: bool = False

    async def pause(self, seconds: float) -> None:
        """Raises LeftError as soon as the worker is told to leave."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await _until_first(self.leave.wait(), self.interrupted.wait())
            raise LeftError

    async def insist(
        self,
        attempt: Callable[[], Coroutine[Any, Any, T]],
        what: str,
        also: tuple[type[Exception], ...] = (),
    ) -> T:
        """As `insist`; raises LeftError, too, where an attempt hangs as the worker is told to
        leave."""
        return await insist(partial(self._unless_told, attempt), what, self.pause, also)

    async def _unless_told(self, attempt: Callable[[], Coroutine[Any, Any, T]]) -> T:
        doing = asyncio.create_task(attempt())
        try:
            await _until_first(asyncio.wait([doing]), self.leave.wait(), self.interrupted.wait())
            await asyncio.wait([doing], timeout=FAREWELL)  # what does not hang is not to be cut
            if not doing.done():
                raise LeftError
            return doing.result()
        finally:
            await end(doing)


def work_for_parent() -> None:
    """Works for the server whose child this program is."""
    settings = read_settings()
    log_to_stderr(settings)
    try:
        asyncio.run(work(settings, with_parent=True))
    except (DataFolderError, OwnershipError, VersionError) as error:
        log.error("The worker cannot begin: %s", error)
        sys.exit(1)


async def work(settings: Settings, *, with_parent: bool = False, drain: bool = False) -> None:
    """Runs scripts until a signal comes, or (`with_parent`) until standard input ends.

    SIGTERM, SIGHUP and the end of standard input leave the scripts running for the next worker;
    with `drain`, only the second SIGTERM does, and the first one waits for their end. SIGINT, which
    is Ctrl-C, and STOP_SCRIPTS stop them.
    """
    keep_private(settings)
    keep_freed_memory()
    orders = Orders(drain)
    loop = asyncio.get_running_loop()
    for number in leaving():
        loop.add_signal_handler(number, orders.leave.set)
    loop.add_signal_handler(signal.SIGINT, orders.interrupted.set)
    if with_parent:
        loop.add_reader(sys.stdin.fileno(), partial(_hear_parent, orders))
    with suppress(LeftError):
        look, what = partial(_see_database, settings), "The database cannot be used"
        await orders.insist(look, what, (NotYetMigratedError,))
        await _work(settings, orders)


async def _work(settings: Settings, orders: Orders) -> None:
    """As one worker after the other, if the others give it up."""
    async with opened(settings, settings.redis_url, orders.insist) as parts:
        site = Site(
            settings.data_folder,
            parts.catalogue,
            parts.store,
            parts.marker,
            parts.queue,
            parts.doorbell,
            settings.script_environment(),
            Terms(settings.lease, settings.handover),
            settings.script_patience,
            parts.safe,
            settings.run_as,
            settings.nice,
            settings.secret_files,
        )
        if settings.run_as or any(script.isolation.run_as for script in parts.catalogue.values()):
            let_pass(site)
        async with Deliveries(parts.doorbell, channels(settings, parts), may_still_see).open():
            while await _until_lost(settings, parts, site, orders):
                log.warning("The other workers have given this one up; it goes on as a new one")


async def _until_lost(settings: Settings, parts: Parts, site: Site, orders: Orders) -> bool:
    """Works for as long as it has its lease. False: until it was told to leave."""
    async with AsyncExitStack() as stack:
        worker = await orders.insist(
            lambda: stack.enter_async_context(Worker(site).open()), "The worker cannot begin"
        )
        if not orders.draining:
            await _launch(settings, parts, site, worker, orders)
        if orders.drain and orders.leave.is_set():
            orders.draining = True
            orders.leave.clear()
        if orders.draining:
            await _drain(worker, orders)
        if orders.interrupted.is_set():
            await worker.stop_all(CTRL_C)
            return False
        return worker.lost.is_set() and not orders.leave.is_set()


async def _launch(
    settings: Settings, parts: Parts, site: Site, worker: Worker, orders: Orders
) -> None:
    """Launches what is due."""
    launches = LaunchQueue(parts.redis, parts.doorbell, worker.launch, settings.worker_slots)
    house = partial(keep_house, site, settings.default_keep, settings.audit_rule, parts.arrivals)
    timetable = Timetable(parts.redis, partial(sweep, site), house)
    worker.use_slots(launches)
    log.info("Worker %s is ready", worker.id)
    await _until_first(
        launches.main(),
        timetable.main(),
        orders.leave.wait(),
        orders.interrupted.wait(),
        worker.lost.wait(),
    )
    await launches.close()
    await timetable.close()


async def _drain(worker: Worker, orders: Orders) -> None:
    """Waits for the end of the scripts."""
    log.info("Worker %s waits for its scripts to end; SIGTERM hands them over", worker.id)
    await _until_first(
        worker.drain(), orders.leave.wait(), orders.interrupted.wait(), worker.lost.wait()
    )


async def _until_first(*works: Coroutine[None, None, object]) -> None:
    """Awaits the first of these to end, and cancels the others. Raises what that one raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(*tasks)
    for task in done:
        task.result()


def _hear_parent(orders: Orders) -> None:
    order = os.read(sys.stdin.fileno(), 1)
    if order == STOP_SCRIPTS:
        orders.interrupted.set()
    if not order:
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        orders.leave.set()


async def _see_database(settings: Settings) -> None:
    """Raises NotYetMigratedError, UnfitError, or whatever a driver does."""
    if missing := await pending(settings.database):
        raise NotYetMigratedError(f"it waits for `procession migrate` ({len(missing)} to apply)")
