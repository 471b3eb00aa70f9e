"""Answers to HTTP/1.0, which knows no chunks (RFC 9112, section 6.1).

uvicorn sends them all the same. Here a body of no known length ends with its connection.
"""

import asyncio
import struct
from socket import SO_LINGER, SOL_SOCKET
from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

AT_ONCE = struct.pack("ii", 1, 0)  # nothing is sent any more: the client would take it for the end


class _Transport(asyncio.Transport):
    """Ends with a reset where the answer is not whole, so that a part never looks like it."""

    def __init__(self, cycle: RequestResponseCycle) -> None:
        super().__init__()
        self._cycle = cycle
        self._transport = cycle.transport

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._transport.write(data)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def close(self) -> None:
        if self._cycle.response_complete:
            self._transport.close()
        else:
            connection = self._transport.get_extra_info("socket")
            connection.setsockopt(SOL_SOCKET, SO_LINGER, AT_ONCE)
            self._transport.abort()


def answer_unchunked(cycle: RequestResponseCycle) -> None:
    """Has the answer of this cycle sent as it is, and no 100 before it (RFC 9110, section 15.2)."""
    send = cycle.send

    async def send_plain(message: "ASGISendEvent") -> None:
        if message["type"] == "http.response.body":
            cycle.expected_content_length = len(message.get("body", b""))
        await send(message)

    cycle.waiting_for_100_continue = False
    cycle.chunked_encoding = False
    cycle.send = send_plain  # type: ignore[method-assign]
    cycle.transport = _Transport(cycle)
