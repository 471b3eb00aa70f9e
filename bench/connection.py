"""A keep-alive HTTP/1.1 connection that costs little, so that what is measured is the server."""

import asyncio
import re
import time
from typing import NamedTuple, cast

import orjson

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
HEAD_END = b"\r\n\r\n"


class Answer(NamedTuple):
    """A whole answer, and the seconds from the request's first byte to the answer's last."""

    status: int
    head: bytes
    body: bytes
    seconds: float


class Connection(asyncio.Protocol):
    """Sends one request at a time and reads answers that have a Content-Length."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._sent = 0.0
        self._received = b""

    @classmethod
    async def open(cls, port: int) -> "Connection":
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(cls, "127.0.0.1", port)
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("The server closed the connection"))

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def send(self, request: bytes) -> asyncio.Future[Answer]:
        assert self._transport
        self._answer = asyncio.get_running_loop().create_future()
        self._sent = time.perf_counter()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(HEAD_END)
        if end < 0:
            return
        end += len(HEAD_END)
        length = LENGTH.search(self._received, 0, end)
        assert length, self._received[:end]
        if len(self._received) < end + int(length[1]):
            return
        head, body = self._received[:end], self._received[end:]
        self._received = b""
        if self._answer and not self._answer.done():
            seconds = time.perf_counter() - self._sent
            self._answer.set_result(Answer(int(head[9:12]), head, body, seconds))


def get(path: str, token: str | None = None, accept: str = "application/json") -> bytes:
    """A GET request."""
    return _head("GET", path, token, {"Accept": accept}) + b"\r\n"


def post(path: str, token: str | None, document: object) -> bytes:
    """A POST request of JSON."""
    body = orjson.dumps(document)
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    return _head("POST", path, token, headers) + b"\r\n" + body


def _head(method: str, path: str, token: str | None, headers: dict[str, str]) -> bytes:
    if token:
        headers = {"Authorization": f"Bearer {token}", **headers}
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "".join(f"{line}\r\n" for line in lines).encode()
