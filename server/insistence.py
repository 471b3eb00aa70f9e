"""Insistence: doing again what a database that is away, or full, has kept from being done, but not
what fails by a mistake: that would fail for ever."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from models.outage import is_outage

T = TypeVar("T")

FIRST, LONGEST = 1.0, 10.0  # seconds between two attempts

log = logging.getLogger(__name__)


async def insist(
    attempt: Callable[[], Awaitable[T]],
    what: str,
    pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    also: tuple[type[Exception], ...] = (),
) -> T:
    """The result of the first attempt that does not fail; `what` tells a person what does.

    Raises what is no outage, and none of the errors that go away by themselves `also`.
    """
    seconds = FIRST
    while True:
        try:
            return await attempt()
        except Exception as error:
            if not (is_outage(error) or isinstance(error, also)):
                raise
            reason = str(error) or repr(error)
            log.warning("%s; trying again in %g s: %s", what, seconds, reason)
        await pause(seconds)
        seconds = min(2 * seconds, LONGEST)
