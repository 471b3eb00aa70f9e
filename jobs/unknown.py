"""Processes whose script no worker knows: they wait for one that does, but not for ever."""

import asyncio
import logging
from datetime import timedelta

from jobs.claim import finish
from jobs.doorbell import Topic
from jobs.piece import Packer
from jobs.site import Site
from jobs.standstill import Standstill
from models.instant import now
from models.outage import complain
from models.process import Process, light
from models.status import Status
from models.worker import Worker

log = logging.getLogger(__name__)

LOOK = 60.0  # seconds between two looks, at most
AT_ONCE = 1000  # processes ended after one look


async def known_scripts() -> set[str] | None:
    """The scripts that some worker knows; None where a worker of an older version does not say."""
    there = Worker.filter(lost_at__isnull=True, left_at__isnull=True)
    known: set[str] = set()
    for scripts in await there.values_list("scripts", flat=True):
        if scripts is None:
            return None
        known.update(scripts)
    return known


async def end_unknown(site: Site) -> None:
    """Goes on for ever: makes FAILED what has been due for `site.patience` seconds while, for as
    long, no worker was seen that knows its script."""
    look = min(LOOK, site.patience / 4)
    unknown = Standstill[str](1.5 * look)
    while True:
        await asyncio.sleep(look)
        try:
            await _look(site, unknown)
        except Exception as error:
            complain(log, "Cannot look for scripts that nobody knows", error)
            unknown.forget()


async def _look(site: Site, unknown: Standstill[str]) -> None:
    known = await known_scripts()
    if known is None:
        return
    due = now() - timedelta(seconds=site.patience)
    waiting = Process.filter(status=Status.SCHEDULED.value, start_time__lte=due)
    unknown_to_all = waiting.exclude(script__in=known).only(*light())
    late = await unknown_to_all.order_by("start_time").limit(AT_ONCE)
    stood = unknown.look({each.script: None for each in late})
    for process in late:
        if stood[process.script] >= site.patience:
            await _end(site, process)


async def _end(site: Site, process: Process) -> None:
    reason = (
        f"No worker knows the script {process.script!r}: "
        "add its manifest where workers run, restart them, and start it again"
    )
    closing = (await Packer.after(process)).say(reason)
    since = Status.SCHEDULED
    if await finish(process.id, Status.FAILED, reason, since=since, closing=closing):
        log.warning("Process %s failed: %s", process.id, reason)
        await site.doorbell.ring(Topic.PROCESS, [process.id])
        await site.doorbell.ring(Topic.OUTPUT, [process.id])
