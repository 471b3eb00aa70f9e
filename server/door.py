"""The doors of several servers, and of the command line: each hears when it is to forget."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from redis.asyncio import Redis
from redis.exceptions import RedisError

from jobs.background import beside
from jobs.doorbell import Doorbell, Topic
from resolvers.door import Door
from server.redis import NoRedisError, socket_url
from server.settings import Settings

if TYPE_CHECKING:
    from resolvers.single_sign_on import SingleSignOn

PATIENCE = 2.0  # seconds for Redis to answer


@asynccontextmanager
async def open_door(
    settings: Settings, doorbell: Doorbell, sso: "SingleSignOn | None"
) -> AsyncIterator[Door]:
    """That of a server."""
    idle = timedelta(minutes=settings.session_idle_minutes)
    introduce = sso.introduce if sso and settings.openid_audience else None
    door = Door(idle, introduce, partial(doorbell.ring, Topic.ACCESS))
    async with beside(_hear(door, doorbell), "door"):
        yield door


async def _hear(door: Door, doorbell: Doorbell) -> None:
    """Whoever could not hear for a while hears a bell afterwards."""
    with doorbell.heard(Topic.ACCESS) as bell:
        while True:
            await bell.wait(None)
            door.forget()


async def tell(settings: Settings) -> None:
    """Has the doors of the servers forget, if there are any; who is not reached will by itself."""
    with suppress(NoRedisError, RedisError, OSError):
        url = settings.redis_url or socket_url(settings.data_folder)
        redis = Redis.from_url(url, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE)
        async with redis:
            await redis.publish(Topic.ACCESS.value, "")
