"""What has changed a moment ago: the sure way to hear of it, for a ring may be lost."""

import time
from datetime import timedelta

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from jobs.doorbell import LOOK_AGAIN
from models.instant import now
from models.process import Process, light
from models.status import Status
from resolvers.coalescer import Coalescer

# Seconds before a look that are looked at again: a change is stored some time after the moment that
# it has been given, and clocks of other machines may be behind.
LATE = 10.0


class Recent:
    """Looks for many at once: what one has found serves the others for a moment."""

    def __init__(self) -> None:
        self._looked = -LATE  # by the clock that never goes back
        self._rows: list[Process] = []
        self._looks: Coalescer[None, list[Process]] = Coalescer()

    async def changed(self, seconds: float) -> list[Process]:
        """Whatever has changed in the last so many seconds, and maybe some more; each as it was
        LOOK_AGAIN ago at the soonest."""
        if seconds > 2 * LOOK_AGAIN:
            return list(await _changed_in(seconds + LATE))
        return await self._looks.ask(None, self._look)

    async def _look(self) -> list[Process]:
        begun = time.monotonic()
        if begun - self._looked > LOOK_AGAIN / 2:
            self._rows = list(await _changed_in(2 * LOOK_AGAIN + LATE))
            self._looked = begun
        return self._rows


def _changed_in(seconds: float) -> QuerySet[Process]:
    """What was deleted is not among them. An index finds each of the four kinds."""
    moment = now() - timedelta(seconds=seconds)
    soon = now() + timedelta(seconds=LATE)  # what is due later has not started
    told = Q(stop_requested_at__gte=moment) | Q(reported_at__gte=moment)
    return Process.filter(
        Q(created_at__gte=moment)
        | Q(start_time__gte=moment, start_time__lte=soon)
        | Q(ended_at__gte=moment)
        | (Q(status=Status.RUNNING.value) & told)
    ).only(*light())
