"""Clients that do not read what they are sent."""

import asyncio


class Stall:
    """From its `begin` to its `end` more is to be sent than the client reads; whoever reads nothing
    at all for so many seconds is cut off."""

    def __init__(self, transport: asyncio.Transport, seconds: float) -> None:
        self._transport = transport
        self._seconds = seconds
        self._look_again: asyncio.TimerHandle | None = None

    @property
    def has_begun(self) -> bool:
        return self._look_again is not None

    def begin(self) -> None:
        self._watch(self._transport.get_write_buffer_size())

    def end(self) -> None:
        if self._look_again is not None:
            self._look_again.cancel()
            self._look_again = None

    def _watch(self, unsent: int) -> None:
        loop = asyncio.get_running_loop()
        self._look_again = loop.call_later(self._seconds, self._look, unsent)

    def _look(self, unsent: int) -> None:
        left = self._transport.get_write_buffer_size()
        if left < unsent:
            self._watch(left)
        else:
            self._transport.abort()
