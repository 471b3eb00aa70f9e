"""Threads for work that may hang, as where a file server is away: it holds up only its like, and
not the end of the program."""

import asyncio
from _thread import start_new_thread
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from errno import ENOMEM
from functools import partial
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

FAREWELL = 1.0  # seconds that what is under way may take to end when these are left


class Threads:
    """At most so many at a time, each for one piece of work."""

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)
        self._busy: set[asyncio.Future[Any]] = set()
        self._patience: float | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Threads"]:
        """Once this is left nothing takes longer than a moment: the program is to end, and what
        hangs with it."""
        try:
            yield self
        finally:
            self._patience = FAREWELL
            if self._busy:
                await asyncio.wait(self._busy, timeout=FAREWELL)

    async def do(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Once begun it goes on, also if who waits for it is cancelled."""
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
                done = begin(partial(work, *args, **kwargs))
                self._busy.add(done)
                done.add_done_callback(self._release)
                await asyncio.wait([done])
        except TimeoutError:
            raise asyncio.CancelledError from None
        return done.result()

    def _release(self, done: asyncio.Future[Any]) -> None:
        done.exception()  # if it has one, and nobody waits any more, nobody is told
        self._busy.discard(done)
        self._free.release()


def begin(work: Callable[[], T]) -> asyncio.Future[T]:
    """The result of work that is done in a thread for which nobody waits at the program's end.

    OSError where the system has no thread for us.
    """
    done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    try:
        start_new_thread(_do, (work, done))  # `threading` would have us wait until it runs
    except RuntimeError as refusal:
        done.set_exception(OSError(ENOMEM, str(refusal)))
    return done


def _do(work: Callable[[], T], done: asyncio.Future[T]) -> None:
    try:
        tell = partial(done.set_result, work())
    except Exception as error:
        tell = partial(done.set_exception, error)
    with suppress(RuntimeError):  # the event loop has ended meanwhile
        done.get_loop().call_soon_threadsafe(tell)
