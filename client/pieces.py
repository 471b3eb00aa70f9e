"""Uploads in pieces, by tus 1.0: a cut of the connection, or a server that is restarted, costs
nothing of what has arrived."""

import os
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from client.connection import Server
from client.errors import ClientError, Cut, Unreachable
from client.exchange import check, exchange
from client.insistence import Insistence
from client.meter import Meter, OpenMeter
from client.source import blocks, length, media_type, opened

LARGE = 8 << 20  # bytes above which a file goes in pieces
PATH = "/uploads"
VERSION = {"Tus-Resumable": "1.0.0"}
CONTENT = {"Content-Type": "application/offset+octet-stream"}


def is_large(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > LARGE


class Pieces:
    """Uploads files for a script; `warn` is told of cuts."""

    def __init__(
        self, server: Server, script: str, open_meter: OpenMeter, warn: Callable[[str], None]
    ) -> None:
        self._server = server
        self._script = script
        self._open_meter = open_meter
        self._warn = warn

    def upload(self, path: Path) -> str:
        """The id of the upload, once all of it is there; none is left if the user gives up.

        Raises Refused, and ClientError for a file that cannot be read; Unreachable only at first.
        """
        with opened(path) as file:
            size, changed = length(file) or 0, os.fstat(file.fileno()).st_mtime_ns
            place = self._begin(path, size)
            meter = self._open_meter(path.name, size)
            try:
                self._fill(place, file, size, meter)
                if os.fstat(file.fileno()).st_mtime_ns != changed:
                    raise ClientError(f"{path} changed while it was sent; nothing was started")
            except (KeyboardInterrupt, ClientError):
                self._forget(place)
                raise
            finally:
                meter.clear()
        return place.rpartition("/")[2]

    def forget(self, upload_id: str) -> None:
        """Calls back an upload that nothing was started with."""
        self._forget(f"{PATH}/{upload_id}")

    def _forget(self, place: str) -> None:
        """If that is possible at once; otherwise the server will."""
        with suppress(ClientError), exchange(self._server, "DELETE", place, VERSION):
            pass

    def _begin(self, path: Path, size: int) -> str:
        said = {"filename": path.name, "filetype": media_type(path), "script": self._script}
        words = ",".join(f"{key} {_encoded(value)}" for key, value in said.items())
        headers = {"Upload-Length": str(size), "Upload-Metadata": words, "Content-Length": "0"}
        with exchange(self._server, "POST", PATH, {**VERSION, **headers}) as answer:
            check(answer, 201)
            location = answer.headers["Location"] or ""
        return f"{PATH}/{location.rpartition('/')[2]}"

    def _fill(self, place: str, file: BinaryIO, size: int, meter: Meter) -> None:
        """Until all of it is there, across cuts of the connection."""
        insistence, have = Insistence(self._warn), 0
        insistence.begin()
        while have < size:
            before = have
            try:
                self._send(place, file, have, size, meter)
                have = size
            except (Cut, Unreachable) as error:
                meter.clear()
                insistence.wait(error)
                with suppress(Cut, Unreachable):
                    have = self._arrived(place)
            if have > before:
                insistence.succeed()

    def _send(self, place: str, file: BinaryIO, have: int, size: int, meter: Meter) -> None:
        file.seek(have)
        meter.begin(have)
        headers = {"Upload-Offset": str(have), "Content-Length": str(size - have), **CONTENT}
        content = _measured(blocks(file, size - have), meter)
        with exchange(self._server, "PATCH", place, {**VERSION, **headers}, content) as answer:
            check(answer, 204)

    def _arrived(self, place: str) -> int:
        with exchange(self._server, "HEAD", place, VERSION) as answer:
            check(answer, 200)
            offset = answer.headers["Upload-Offset"]
            if offset is None:
                raise Cut("Something else than the server answers")
            return int(offset)


def _encoded(text: str) -> str:
    return b64encode(text.encode(errors="replace")).decode()


def _measured(content: Iterator[bytes], meter: Meter) -> Iterator[bytes]:
    for block in content:
        yield block
        meter.add(len(block))
