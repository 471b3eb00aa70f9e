"""The sweep: puts into the queue what it should have. Any worker runs it, one at a time."""

from collections import Counter
from datetime import timedelta

from tortoise.expressions import F

from jobs.claim import CLOCKS_DIFFER
from jobs.site import Site
from jobs.unknown import known_scripts
from models.instant import now
from models.process import Process
from models.status import Status
from models.worker import Worker

SOON = timedelta(seconds=60)  # what is due by then is put back into the queue
AT_ONCE = 1000  # processes put back in one sweep
FORGET_WORKERS = timedelta(days=1)  # after which nobody asks what became of a lost one


async def sweep(site: Site) -> None:
    """One round."""
    await bring_forward()
    await requeue(site)
    await Worker.filter(lost_at__lt=now() - FORGET_WORKERS).delete()


async def bring_forward() -> None:
    """Makes due what was to start at once, and is not due because a clock was set back since."""
    to_come = Process.filter(status=Status.SCHEDULED.value, start_time__gt=now() + CLOCKS_DIFFER)
    await to_come.filter(start_time=F("created_at")).update(start_time=now())


async def requeue(site: Site) -> None:
    """Puts what is due, or soon will be, into the queue, in case Redis has lost it.

    Of a script with limited concurrency only as many as may run: the others would only be in the
    way of other scripts. What no worker knows would come back from the queue at once.
    """
    waiting = Process.filter(status=Status.SCHEDULED.value, start_time__lte=now() + SOON)
    known = await known_scripts()
    if known is not None:
        waiting = waiting.filter(script__in=known)
    put: Counter[str] = Counter()
    full: set[str] = set()
    while put.total() < AT_ONCE:
        rest = waiting.exclude(script__in=full) if full else waiting
        rows = await rest.order_by("start_time").limit(AT_ONCE).only("id", "script", "start_time")
        new = await _put(site, rows, put) - full
        if not new or len(rows) < AT_ONCE:
            break
        full |= new


async def _put(site: Site, rows: list[Process], put: Counter[str]) -> set[str]:
    """Puts these into the queue, and counts them; returns the scripts that have enough in it."""
    full = set()
    for process in rows:
        script = site.catalogue.get(process.script)
        if script and script.concurrency is not None and put[script.name] >= script.concurrency:
            full.add(script.name)
        else:
            put[process.script] += 1
            await site.queue.put(process.id, process.start_time)
    return full
