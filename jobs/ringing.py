"""Hearing the bell of a supervisor."""

import asyncio
import os
from collections.abc import Callable

LOOK_AGAIN = 2.0  # seconds after which the supervisor's life is checked although no bell rang


class Ringing:
    """Waits for news of one supervisor; `over` says that it has ended.

    `alive` is asked now and then, in case that the end could not be heard.
    """

    def __init__(self, bell: int, alive: Callable[[], bool]) -> None:
        self.over = False
        self.alive = alive
        self._bell = bell
        self._news = asyncio.Event()

    async def wait(self) -> None:
        """Returns when the bell was rung since the last time, and not only in the future."""
        if self._read():
            return
        # Listened to only here: who rings again meanwhile costs us nothing.
        asyncio.get_running_loop().add_reader(self._bell, self._hear)
        try:
            async with asyncio.timeout(LOOK_AGAIN):
                await self._news.wait()
        except TimeoutError:
            self.over = self.over or not self.alive()
        self._news.clear()

    def _hear(self) -> None:
        rung = self._read()
        if rung is None:
            return
        if not rung:  # nobody has the FIFO open for writing any more
            self.over = True
        asyncio.get_running_loop().remove_reader(self._bell)
        self._news.set()

    def _read(self) -> bytes | None:
        """What was rung; empty where nobody has the FIFO open for writing, any more or yet."""
        try:
            return os.read(self._bell, 4096)
        except BlockingIOError:
            return None
