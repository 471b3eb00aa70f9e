"""Delivering: users are told, outside, that a process has ended.

What is due is found in the database, so none is lost. Each is delivered at least once: a worker
that is killed after it has sent something, and before it has noted that, leaves it to be sent again
under the same id.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from tortoise.query_utils import Prefetch
from tortoise.queryset import QuerySet

from jobs.background import beside, end
from jobs.doorbell import Doorbell, Topic
from models.delivery import Channel, Delivery, DeliveryState, Occasion
from models.instant import now, to_micros
from models.outage import Complaint, complain
from models.process import Process, light
from models.status import Status
from models.user import User

AT_ONCE = 20  # of one worker
EACH = 4  # of these, of one user: whose receivers hang hold up nobody else
PAUSE = 0.5  # seconds between looks for what is due
LEASE = timedelta(seconds=60)  # for an attempt, which must be over by then
PATIENCE = 40  # seconds of sending; what is cancelled then may still say goodbye
DELAYS = [10, 60, 300, 1800, 7200, 21_600, 86_400]  # seconds from one attempt to the next
KEPT = 10  # attempts in the log
LONGEST = 300  # characters of a reason

log = logging.getLogger(__name__)

Send = Callable[[Delivery], Awaitable[None]]
"""Sends to `delivery.user` what is to be known of `delivery.process`. Raises DeliveryError."""


class DeliveryError(Exception):
    """It was not delivered; says why."""


class RefusedError(DeliveryError):
    """It would be of no use to try again."""


class Deliveries:
    """Delivers what is due, by the channels there are, while it is `open`.

    `may_see` says whether a user may still see a process.
    """

    def __init__(
        self,
        doorbell: Doorbell,
        channels: Mapping[Channel, Send],
        may_see: Callable[[User, Process], Awaitable[bool]],
    ) -> None:
        self._doorbell = doorbell
        self._channels = channels
        self._may_see = may_see
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: Counter[UUID] = Counter()  # attempts for each user

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Deliveries"]:
        try:
            async with beside(self._go(), "deliveries"):
                yield self
        finally:
            await end(*self._tasks)

    async def _go(self) -> None:
        complaint = Complaint(log, "Cannot look for what is to be delivered")
        with self._doorbell.heard(Topic.PROCESS) as bell:
            while True:
                with complaint.instead():
                    await self._begin(lambda _: bell.ring(()))
                await bell.wait()
                await asyncio.sleep(PAUSE)

    async def _begin(self, when_done: Callable[[object], None]) -> None:
        """Begins to deliver what is due, as far as there is room."""
        room = AT_ONCE - len(self._tasks)
        full = [user for user, count in self._busy.items() if count >= EACH]
        for delivery in await _due(room, full) if room else ():
            if self._busy[delivery.user_id] >= EACH:
                when_done(None)  # look again, for others
            elif await _claim(delivery):
                self._busy[delivery.user_id] += 1
                task = asyncio.create_task(self._deliver(delivery))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                task.add_done_callback(when_done)

    async def _deliver(self, delivery: Delivery) -> None:
        """Makes an attempt, and notes how it ended."""
        try:
            state, reason = await self._attempt(delivery)
            await _note(delivery, state, reason)
        except Exception as error:  # it is tried again when the lease is over
            complain(log, f"The delivery {delivery.id} failed", error)
        finally:
            self._busy[delivery.user_id] -= 1

    async def _attempt(self, delivery: Delivery) -> tuple[DeliveryState, str | None]:
        if delivery.occasion == Occasion.FAILED and delivery.process.status != Status.FAILED:
            return DeliveryState.SKIPPED, None
        if delivery.user.disabled_at or not await self._may_see(delivery.user, delivery.process):
            return DeliveryState.FAILED, "The user may not see the process any more"
        try:
            await self._send(delivery)
        except DeliveryError as error:
            is_last = delivery.attempts > len(DELAYS) or isinstance(error, RefusedError)
            state = DeliveryState.FAILED if is_last else DeliveryState.PENDING
            return state, str(error)[:LONGEST]
        return DeliveryState.DELIVERED, None

    async def _send(self, delivery: Delivery) -> None:
        """Raises DeliveryError, and nothing else, so that no attempt is repeated without end."""
        send = self._channels.get(Channel(delivery.channel))
        if send is None:  # another worker may have the settings
            raise DeliveryError("This worker sends nothing by this way; see PROCESSION_SMTP_URL")
        try:
            async with asyncio.timeout(PATIENCE):
                await send(delivery)
        except DeliveryError:
            raise
        except TimeoutError:
            raise DeliveryError(f"It was not over within {PATIENCE} seconds") from None
        except Exception:
            log.exception("The delivery %s failed", delivery.id)
            raise DeliveryError("It could not be sent; the worker's log says why") from None


async def _due(most: int, full: list[UUID]) -> list[Delivery]:
    """Not those of the users who have as many attempts as they may."""
    waiting = Delivery.filter(state=DeliveryState.PENDING.value, next_at__lte=now())
    ended = waiting.filter(process__ended_at__isnull=False)
    if full:
        ended = ended.exclude(user_id__in=full)
    processes = Prefetch("process", Process.all().only(*light()))
    first = ended.order_by("next_at").limit(most)
    return await first.select_related("user").prefetch_related(processes)


async def _claim(delivery: Delivery) -> bool:
    """Takes it for LEASE: of two workers one gets it, and if that one dies, it is due again."""
    seen = _mine(delivery)
    delivery.attempts += 1
    return await seen.update(attempts=delivery.attempts, next_at=now() + LEASE) > 0


async def _note(delivery: Delivery, state: DeliveryState, reason: str | None) -> None:
    """Notes how an attempt ended, unless another worker has begun the next one."""
    ended = now()
    delay = timedelta(seconds=DELAYS[min(delivery.attempts, len(DELAYS)) - 1])
    entries = [*delivery.log, (to_micros(ended), reason)][-KEPT:]
    mine = _mine(delivery)
    if state is DeliveryState.DELIVERED:  # which is true, whoever has begun meanwhile
        mine = Delivery.filter(id=delivery.id, state=DeliveryState.PENDING.value)
    await mine.update(state=state.value, log=entries, next_at=ended + delay)


def _mine(delivery: Delivery) -> QuerySet[Delivery]:
    """Its row, as long as nobody else has tried."""
    pending = Delivery.filter(id=delivery.id, state=DeliveryState.PENDING.value)
    return pending.filter(attempts=delivery.attempts)
