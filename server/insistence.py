"""Insistence: doing again what a database that is away, or full, has kept from being done."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

FIRST, LONGEST = 1.0, 10.0  # seconds between two attempts

log = logging.getLogger(__name__)


async def insist(
    attempt: Callable[[], Awaitable[T]],
    what: str,
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> T:
    """The result of the first attempt that does not fail; `what` tells a person what does."""
    seconds = FIRST
    while True:
        try:
            return await attempt()
        except Exception as error:  # whatever a driver raises
            reason = str(error) or repr(error)
            log.warning("%s; trying again in %g s: %s", what, seconds, reason)
        await pause(seconds)
        seconds = min(2 * seconds, LONGEST)
