"""A connection over HTTP whose client cannot keep it for nothing, nor fill the server's memory.

uvicorn takes heads of any size, and waits for ever for a head, for the rest of a body, and for a
client that does not read its answer; and it takes what is still sent of a body that it has answered
already as fast as it comes, while all others wait.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from server.stall import Stall
from server.unchunked import answer_unchunked

MOST_AHEAD = 16  # requests that are sent before the first of them is answered
LOOKS = 2  # in the time for which a body may stand still
# A name or an address, and perhaps a port; or nothing (RFC 3986, section 3.2).
HOST = re.compile(rb"(?:[\w.~%!$&'()*+,;=-]*|\[[\w.~%!$&'()*+,;=:-]+\])(?::\d*)?\s*")
BREATH = 0.01  # seconds between two reads of a body that nobody needs any more


@dataclass(frozen=True, slots=True)
class Patience:
    """With clients: seconds for a whole head, without a byte of a body, and without a byte taken
    of an answer; bytes of a head; connections of the whole server.
    """

    head: float
    body: float
    answer: float
    head_size: int
    connections: int


class TooMuch(Exception):
    """Stops the parser."""


class NoHost(Exception):
    """Stops the parser: every request says once which host it is for (RFC 9112, section 3.2)."""


class Connection(HttpToolsProtocol):
    """Closes with 408, 431 or 503 and the name of the setting."""

    def __init__(self, patience: Patience, **rest: Any) -> None:
        super().__init__(**rest)
        self._patience = patience
        self._answering: RequestResponseCycle | None = None  # others may wait behind it
        self._is_one_too_many = False
        self._waiting: asyncio.TimerHandle | None = None  # for more of a request
        self._in_body = False
        self._is_answered = False  # although its body is not whole
        self._quiet = 0  # looks at which nothing had come of the body
        self._head = 0  # bytes that have come since there was an end or a piece of a body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._stall = Stall(transport, self._patience.answer)
        self._is_one_too_many = len(self.connections) > self._patience.connections
        self._wait(self._patience.head)

    def connection_lost(self, exc: Exception | None) -> None:
        """uvicorn tells only the last request that its client has left."""
        self._wait_no_more()
        self._stall.end()
        super().connection_lost(exc)
        if self._answering and not self._answering.response_complete:
            self._answering.disconnected = True
            self._answering.message_event.set()

    # --- reading --------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._is_one_too_many:
            self._refuse(503, "The server is full (PROCESSION_MAX_CONNECTIONS); try again soon")
            return
        self._quiet = 0
        self._head += len(data)
        if self._waiting is None:
            self._wait(self._patience.head)
        super().data_received(data)
        if self._head > self._patience.head_size:
            self.send_400_response("")

    def on_headers_complete(self) -> None:
        head = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if head > self._patience.head_size or len(self.pipeline) >= MOST_AHEAD:
            self._head = head
            raise TooMuch
        version = self.parser.get_http_version()
        hosts = [value for name, value in self.headers if name == b"host"]
        least = 1 if version == "1.1" else 0
        if not (least <= len(hosts) <= 1 and all(map(HOST.fullmatch, hosts))):
            raise NoHost
        self._head, self._in_body = 0, True
        super().on_headers_complete()
        if version == "1.0" and self.cycle:
            answer_unchunked(self.cycle)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        self._head = 0
        super().on_body(body)
        if self.cycle.response_complete:
            self._discard()

    def on_message_complete(self) -> None:
        self._head, self._in_body, self._is_answered = 0, False, False
        self._wait_no_more()
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        if self._is_due():  # what comes first would be read as a message
            self.transport.abort()
            return
        self._wait_no_more()
        super().handle_websocket_upgrade()

    def _discard(self) -> None:
        """Slowly, and not for ever. Clients that send all before they read anything would not get
        their answer over a connection that is closed at once."""
        if not self._is_answered:
            self._is_answered = True
            self._wait_no_more()
            self._waiting = self.loop.call_later(self._patience.body, self.transport.close)
        self.flow.pause_reading()
        self.loop.call_later(BREATH, self._read_on)

    def _read_on(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def _wait(self, seconds: float) -> None:
        self._waiting = self.loop.call_later(seconds, self._lose_patience)

    def _wait_no_more(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _lose_patience(self) -> None:
        if self._in_body:
            self._quiet = 0 if self.flow.read_paused else self._quiet + 1
            if self._quiet <= LOOKS:
                self._wait(self._patience.body / LOOKS)
                return
            most = f"{self._patience.body:g} s (PROCESSION_BODY_TIMEOUT)"
            self._refuse(408, f"No byte came for {most}")
        elif self._is_due():  # what came ahead may be only a newline behind a body
            self._wait(self._patience.head)
        elif self._head:
            most = f"{self._patience.head:g} s (PROCESSION_HEAD_TIMEOUT)"
            self._refuse(408, f"The head of a request may take {most}")
        else:
            self.transport.close()

    # --- writing --------------------------------------------------------------------------------

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall.begin()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stall.end()

    # --- refusing -------------------------------------------------------------------------------

    def send_400_response(self, msg: str) -> None:
        if self._head > self._patience.head_size:
            most = self._patience.head_size
            self._refuse(431, f"The head of a request may have {most} bytes (PROCESSION_MAX_HEAD)")
        else:
            self._refuse(400, msg)

    def _refuse(self, status: int, words: str) -> None:
        """Where another answer is due there is nothing to be told any more."""
        if self.transport.is_closing():
            return
        if self._is_due():
            self.transport.abort()
            return
        told = f"{words}\n".encode()
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(told)).encode()),
            (b"connection", b"close"),
        ]
        lines = [b"%b: %b\r\n" % header for header in headers]
        self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", told]))
        self.transport.close()

    def _is_due(self) -> bool:
        """Whether an answer has begun, or that to an earlier request has still to come: for which a
        client that sends ahead would take what it is told."""
        due = self._answering
        if due is None or due.response_complete:
            return False
        return due is not self.cycle or due.response_started or not self._in_body
