"""Work that goes on beside other work, and ends with it."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")

AGAIN = 0.3  # seconds between cancellations

log = logging.getLogger(__name__)


@asynccontextmanager
async def beside(work: Coroutine[None, None, None], name: str) -> AsyncIterator[None]:
    """Runs `work`, which is to go on for ever, until this is left. That it fails is logged."""
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_report)
    try:
        yield
    finally:
        await end(task)


async def ahead(
    items: AsyncGenerator[T, None], worth: Callable[[T], bool] = lambda _: True
) -> AsyncGenerator[T, None]:
    """The same items, none of which is None; the next one is got while a `worth` one is worked on.

    After any other it is not, so that what comes meanwhile is all in the next one.
    """
    coming: asyncio.Task[T | None] | None = None
    try:
        while (item := await (coming or anext(items, None))) is not None:
            coming = asyncio.ensure_future(anext(items, None)) if worth(item) else None
            yield item
    finally:
        if coming is not None:
            await end(coming)
        await items.aclose()


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancels tasks until they have ended.

    Once may not be enough: before Python 3.12 `asyncio.wait_for`, which redis-py uses, loses a
    cancellation that comes when what it waits for is just done.
    """
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("The task %r has failed", task.get_name(), exc_info=error)
