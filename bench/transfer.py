"""Transfer: a large file up and down, beside nginx where there is one."""

import asyncio
import os
import re
import socket
import time
from contextlib import AsyncExitStack
from pathlib import Path

import orjson

from bench.connection import HEAD_END, LENGTH
from bench.installation import Server, installation
from bench.load import median
from bench.memory import forget_peak, peak
from bench.nginx import nginx
from bench.process import until
from bench.table import Row

MOST = 150  # MB
PART_OF_NGINX = 0.8
BLOCK = 1 << 20
BOUNDARY = "bench-boundary"
NO_NGINX = "nginx not found"


async def transfer(folder: Path, database: str | None, *, quick: bool) -> list[Row]:
    """Uploads and downloads, in turns with nginx's."""
    size = 100_000_000 if quick else 1_000_000_000
    file = folder / "file"
    await asyncio.to_thread(_write, file, size)
    measured = Measured(size)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(installation(folder, database))
        other = await stack.enter_async_context(nginx(folder / "nginx"))
        for _ in range(1 if quick else 3):
            forget_peak(server.process.pid)
            seconds, body = await asyncio.to_thread(_post, server, file)
            measured.up.append(seconds)
            measured.up_peak.append(peak(server.process.pid))
            if other:
                measured.nginx_up.append(await asyncio.to_thread(_put, other[0], file))
            process_id = orjson.loads(body)["processId"]
            await until(server, process_id, "COMPLETED")
            path = f"/api/system/processes/{process_id}/files/copy"
            forget_peak(server.process.pid)
            measured.down.append(
                await asyncio.to_thread(_get, server.port, path, server.token, size)
            )
            measured.down_peak.append(peak(server.process.pid))
            if other:
                down = await asyncio.to_thread(_get, other[0], "/copy", server.token, size)
                measured.nginx_down.append(down)
                (other[1] / "copy").unlink()
            await server.graphql(
                "mutation ($id: ID!) { deleteProcess(id: $id) }", {"id": process_id}
            )
    return measured.rows()


class Measured:
    """Seconds of each transfer, and the server's peaks of memory in MB."""

    def __init__(self, size: int) -> None:
        self.up: list[float] = []
        self.down: list[float] = []
        self.nginx_up: list[float] = []
        self.nginx_down: list[float] = []
        self.up_peak: list[float] = []
        self.down_peak: list[float] = []
        self._size = size

    def rows(self) -> list[Row]:
        group = f"Transfer of {self._size / 1e9:g} GB"
        up = self._part("upload: part of nginx's (PUT)", group, self.up, self.nginx_up, None)
        down = self._part(
            "download: part of nginx's", group, self.down, self.nginx_down, PART_OF_NGINX
        )
        return [
            Row(group, "upload", self._speed(self.up), "MB/s"),
            up,
            Row(group, "upload: peak memory", max(self.up_peak), "MB", ("<=", MOST), "server, RSS"),
            Row(group, "download", self._speed(self.down), "MB/s"),
            down,
            Row(
                group,
                "download: peak memory",
                max(self.down_peak),
                "MB",
                ("<=", MOST),
                "server, RSS",
            ),
        ]

    def _part(
        self, name: str, group: str, own: list[float], others: list[float], least: float | None
    ) -> Row:
        target = None if least is None else (">=", least)
        if not others:
            return Row(group, name, None, "", target, NO_NGINX)
        part = median([other / mine for mine, other in zip(own, others, strict=True)])
        return Row(group, name, part, "", target, f"nginx {self._speed(others):,.0f} MB/s")

    def _speed(self, seconds: list[float]) -> float:
        return self._size / 1e6 / median(seconds)


def _write(file: Path, size: int) -> None:
    with file.open("wb") as output:
        while size > 0:
            output.write(os.urandom(min(size, 16 * BLOCK)))
            size -= 16 * BLOCK


def _post(server: Server, file: Path) -> tuple[float, bytes]:
    """Starts the script `copy` with the file; the seconds until the answer, and that."""
    before = (
        f"--{BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="f"; filename="file"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    after = (
        f"\r\n--{BOUNDARY}\r\n"
        'Content-Disposition: form-data; name="t"\r\n\r\n'
        f"copy\r\n--{BOUNDARY}--\r\n"
    ).encode()
    length = len(before) + file.stat().st_size + len(after)
    head = (
        "POST /api/system/scripts/copy/processes HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {server.token}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()
    return _upload(server.port, head + before, file, after)


def _put(port: int, file: Path) -> float:
    head = f"PUT /copy HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {file.stat().st_size}\r\n\r\n"
    return _upload(port, head.encode(), file, b"")[0]


def _upload(port: int, before: bytes, file: Path, after: bytes) -> tuple[float, bytes]:
    """Sends a file between two texts; the seconds until the answer, and its body."""
    with socket.create_connection(("127.0.0.1", port)) as connection, file.open("rb") as content:
        began = time.perf_counter()
        connection.sendall(before)
        connection.sendfile(content)
        connection.sendall(after)
        head, body = _head(connection)
        found = LENGTH.search(head)
        while found and len(body) < int(found[1]):
            body += connection.recv(BLOCK)
        seconds = time.perf_counter() - began
    assert re.match(rb"HTTP/1.1 20\d ", head), head + body
    return seconds, body


def _get(port: int, path: str, token: str, size: int) -> float:
    """The seconds that a download takes; nothing is kept of it."""
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
    ).encode()
    buffer = bytearray(BLOCK)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        began = time.perf_counter()
        connection.sendall(request)
        head, body = _head(connection)
        assert head.startswith(b"HTTP/1.1 200 "), head
        left = size - len(body)
        while left > 0:
            received = connection.recv_into(buffer)
            assert received, f"{left} bytes are missing"
            left -= received
        return time.perf_counter() - began


def _head(connection: socket.socket) -> tuple[bytes, bytes]:
    """The head of an answer, and what came of its body with it."""
    received = b""
    while HEAD_END not in received:
        block = connection.recv(BLOCK)
        assert block, received
        received += block
    head, _, body = received.partition(HEAD_END)
    return head + HEAD_END, body
