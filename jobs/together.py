"""Short steps that block: those that are wanted at the same time share a thread and a wake-up."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

Step = Callable[[], Any]


class Together:
    """Takes steps, one after the other; while some are taken, the next ones gather."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Step, asyncio.Future[Any]]] = []
        self._begun: list[asyncio.Future[Any]] = []
        self._task: asyncio.Task[None] | None = None
        self._free = asyncio.Event()
        self._free.set()

    async def take(self, step: Callable[[], T]) -> T:
        """What the step returns; raises what it raises."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((step, done))
        if self._task is None:
            self._task = asyncio.create_task(self._go(), name="together")
        return await done

    @contextmanager
    def held(self) -> Iterator[None]:
        """No step is begun inside."""
        self._free.clear()
        try:
            yield
        finally:
            self._free.set()

    async def settled(self, within: float) -> None:
        """Returns when the steps that are wanted now are taken and those who waited have gone on,
        or after so many seconds."""
        if wanted := [*self._begun, *(done for _, done in self._waiting)]:
            await asyncio.wait(wanted, timeout=within)

    async def _go(self) -> None:
        while self._waiting:
            await self._free.wait()
            taken, self._waiting = self._waiting, []
            self._begun = [done for _, done in taken]
            try:
                results = await asyncio.to_thread(_taken, [step for step, _ in taken])
            except RuntimeError as refusal:  # the system has no thread for us
                results = [(None, refusal)] * len(taken)
            for (_, done), (result, error) in zip(taken, results, strict=True):
                if done.done():
                    continue  # who waited has left
                if error is None:
                    done.set_result(result)
                else:
                    done.set_exception(error)
            self._begun = []
        self._task = None


def _taken(steps: list[Step]) -> list[tuple[Any, Exception | None]]:
    """What each step returned, or raised."""
    results: list[tuple[Any, Exception | None]] = []
    for step in steps:
        try:
            results.append((step(), None))
        except Exception as error:  # told to who waits for it
            results.append((None, error))
    return results
