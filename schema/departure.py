"""Clients that leave before they have their answer."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from cross_web import HTTPException

from jobs.background import end

T = TypeVar("T")

Receive = Callable[[], Awaitable[Any]]


async def while_there(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The outcome of `work`, which is cancelled when the client leaves.

    `receive` is that of ASGI, once the body has been read.
    """
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise HTTPException(499, "The client has left")
        return working.result()
    finally:
        await end(working, leaving)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
