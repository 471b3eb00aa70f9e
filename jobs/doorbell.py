"""Doorbells: Redis messages that only say "look again" (design, section 4).

A message is a topic and the ids it is about. Whoever waits for one also looks by itself from time
to time, so that a lost message costs a moment and nothing else.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import StrEnum

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from jobs.background import beside
from models.outage import Complaint

log = logging.getLogger(__name__)

LOOK_AGAIN = 2.0  # seconds after which one looks although no bell was heard
PATIENCE = 1.0  # seconds to ring: soon everyone looks anyway
SILENCE = 5.0  # seconds after which Redis is asked for a sign of life, and for it to come
EVERYTHING = ""  # the id that stands for any


def away(error: Exception) -> ConnectionError:
    """What Redis, or the way to it, has raised: the same as an outage (`models.outage`)."""
    return ConnectionError(str(error) or "Redis does not answer")


class Topic(StrEnum):
    """What there is news of."""

    QUEUE = "procession:queue"
    PROCESS = "procession:process"
    OUTPUT = "procession:output"
    DELETION = "procession:deletion"
    ACCESS = "procession:access"


class Bell:
    """Remembers that it was rung, and for which ids, until it is waited for."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._ids: set[str] = set()

    def ring(self, about: Iterable[str]) -> None:
        self._ids.update(about)
        self._event.set()

    async def wait(self, seconds: float | None = LOOK_AGAIN) -> set[str]:
        """Waits for a ring, that long at most (None: for ever).

        Returns the ids that it was about, maybe none.
        """
        loop = asyncio.get_running_loop()
        timer = None if seconds is None else loop.call_later(seconds, self._event.set)
        try:
            await self._event.wait()
        finally:
            if timer:
                timer.cancel()
        self._event.clear()
        ids, self._ids = self._ids, set()
        return ids


class Doorbell:
    """Rings for others and hears what they ring, as long as it is `open`."""

    def __init__(self, redis: Redis, url: str) -> None:
        self._redis = redis
        self._ears = Redis.from_url(url)  # a connection of its own: silence is no error on it
        self._bells: dict[tuple[Topic, str], set[Bell]] = {}
        self._dumb = Complaint(log, "Cannot ring for others, who look by themselves")
        self._deaf = Complaint(log, f"No doorbells from Redis, looking every {LOOK_AGAIN:g} s")

    async def ring(self, topic: Topic, about: Iterable[object] = ()) -> None:
        """Tells everyone to look again; that it cannot be told now is no error."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._redis.publish(topic.value, " ".join(map(str, about)))
        except (RedisError, OSError) as error:
            self._dumb.say(away(error))
        else:
            self._dumb.end()

    @contextmanager
    def heard(self, topic: Topic, about: object = EVERYTHING) -> Iterator[Bell]:
        """A bell that rings for one id, or for any. Enter first, then look, then wait."""
        key, bell = (topic, str(about)), Bell()
        self._bells.setdefault(key, set()).add(bell)
        try:
            yield bell
        finally:
            self._bells[key].discard(bell)
            if not self._bells[key]:
                del self._bells[key]

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Doorbell"]:
        """Listens inside."""
        async with self._ears, beside(self._listen(), "doorbell"):
            yield self

    async def _listen(self) -> None:
        while True:
            try:
                async with self._ears.pubsub() as subscription:
                    async with asyncio.timeout(SILENCE):
                        await subscription.subscribe(*(topic.value for topic in Topic))
                    self._deaf.end()
                    self._ring_all()  # for what was missed while nobody listened
                    await self._hear_all(subscription)
            except (RedisError, OSError) as error:
                self._deaf.say(away(error))
            await asyncio.sleep(1)

    async def _hear_all(self, subscription: PubSub) -> None:
        """Hears what comes, for ever. Raises TimeoutError when it hears nothing although it asks:
        nothing else tells of a connection that has died without a word."""
        asked = False
        while True:
            message = await subscription.get_message(timeout=SILENCE)
            if message is None:
                if asked:
                    raise TimeoutError
                await subscription.ping()
            elif message["type"] == "message":
                self._hear(Topic(message["channel"].decode()), message["data"].decode())
            asked = message is None

    def _hear(self, topic: Topic, message: str) -> None:
        ids = message.split()
        for about in (*ids, EVERYTHING):
            for bell in self._bells.get((topic, about), ()):
                bell.ring(ids)

    def _ring_all(self) -> None:
        for bells in self._bells.values():
            for bell in bells:
                bell.ring(())
