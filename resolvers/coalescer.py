"""Coalescing: equal questions that wait at the same time get one answer.

An answer is begun only after everybody who gets it has asked. So nobody is told of a state older
than their question, and whether an answer was shared makes no difference but in cost.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from jobs.background import end

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Coalescer(Generic[Key, Value]):
    """Questions of one kind. A key tells them apart, and who asks if that matters."""

    def __init__(self) -> None:
        self._rounds: dict[Key, Round[Value]] = {}

    async def ask(self, key: Key, answer: Callable[[], Awaitable[Value]]) -> Value:
        """The answer; raises what `answer` raises.

        While one is being worked out, those who ask wait together for the next one. What nobody
        waits for any more is cancelled.
        """
        turn = self._rounds.get(key)
        if turn is None or turn.begun:
            turn = self._rounds[key] = Round(answer, turn)
        waiter = turn.join()
        try:
            return await waiter
        finally:
            turn.waiters.discard(waiter)
            if not turn.waiters:
                if self._rounds.get(key) is turn:
                    del self._rounds[key]
                await end(turn.task)


class Round(Generic[Value]):
    """One answer for all `waiters`, worked out once the round before is over."""

    def __init__(
        self, answer: Callable[[], Awaitable[Value]], before: "Round[Value] | None"
    ) -> None:
        self.begun = False
        self.waiters: set[asyncio.Future[Value]] = set()
        self.task = asyncio.create_task(self._work(answer, before))
        self.task.add_done_callback(self._tell)

    def join(self) -> asyncio.Future[Value]:
        """What will have the answer. (`asyncio.shield` would cost three times as much.)"""
        waiter: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
        self.waiters.add(waiter)
        return waiter

    async def _work(
        self, answer: Callable[[], Awaitable[Value]], before: "Round[Value] | None"
    ) -> Value:
        if before is not None:
            await asyncio.wait([before.task])
        self.begun = True
        return await answer()

    def _tell(self, task: asyncio.Task[Value]) -> None:
        for waiter in self.waiters:
            if waiter.done():
                continue  # who waited has left
            if task.cancelled():
                waiter.cancel()
            elif (error := task.exception()) is not None:
                waiter.set_exception(error)
            else:
                waiter.set_result(task.result())
