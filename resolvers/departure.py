"""Clients that leave before they have their answer."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from jobs.background import end

T = TypeVar("T")

Receive = Callable[[], Awaitable[Any]]


class Departed(Exception):
    """The client has left."""


async def while_there(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """The outcome of `work`, which is cancelled when the client leaves; then raises Departed.

    `receive` is that of ASGI, once the body has been read.
    """
    working = asyncio.create_task(work)
    leaving = asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(leaving, working)
    if working.cancelled():
        raise Departed("The client has left")
    return working.result()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
