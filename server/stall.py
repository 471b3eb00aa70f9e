"""Clients that do not read what they are sent."""

import asyncio


class Stall:
    """From its `begin` to its `end` more is to be sent than the client reads; whoever reads nothing
    at all for so many seconds is cut off."""

    def __init__(self, transport: asyncio.Transport, seconds: float) -> None:
        self._transport = transport
        self._seconds = seconds
        self._look_again: asyncio.Handle | None = None

    @property
    def has_begun(self) -> bool:
        return self._look_again is not None

    def begin(self) -> None:
        """Looks how much is unsent only when all have written who are let in together."""
        self._look_again = asyncio.get_running_loop().call_soon(self._watch)

    def end(self) -> None:
        if self._look_again is not None:
            self._look_again.cancel()
            self._look_again = None

    def _watch(self) -> None:
        loop, unsent = asyncio.get_running_loop(), self._transport.get_write_buffer_size()
        self._look_again = loop.call_later(self._seconds, self._look, unsent)

    def _look(self, unsent: int) -> None:
        if self._transport.get_write_buffer_size() < unsent:
            self._watch()
        else:
            self._transport.abort()
