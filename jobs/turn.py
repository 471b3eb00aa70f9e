"""The turn: of a script that may run only so many times at once, whose process is the next one."""

import logging

from jobs.claim import CLOCKS_DIFFER
from jobs.queue import Queue
from models.instant import now
from models.outage import complain
from models.process import Process
from models.script import Script
from models.status import Status

log = logging.getLogger(__name__)


async def pass_on(queue: Queue, script: Script | None) -> None:
    """Puts the process that has waited longest into the queue, which it has left if it was not its
    turn. That this cannot be done now is no error: the sweep does it later."""
    if script is None or script.concurrency is None:
        return
    waiting = Process.filter(
        script=script.name, status=Status.SCHEDULED.value, start_time__lte=now() + CLOCKS_DIFFER
    )
    try:
        first = await waiting.order_by("start_time", "created_at").only("id", "start_time").first()
    except Exception as error:
        complain(log, f"The next process of {script.name!r} waits for the next sweep", error)
        return
    if first is not None:
        await queue.put(first.id, first.start_time)
