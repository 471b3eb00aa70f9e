"""Downloads, with ranges and preconditions (RFC 9110, sections 13 and 14)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, Any

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from jobs.store import Store
from resolvers.departure import Departed, while_there
from resolvers.errors import NotFound
from resolvers.files import Stored
from rest_compat.conditions import is_known, unchanged
from rest_compat.errors import RangeNotSatisfiable
from rest_compat.ranges import satisfiable
from rest_compat.stream import broken_off

GONE = "The file {!r} is not on the server's disk any more; a backup may have it"
SAFE = {
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "private, no-cache",
}


class Aside:
    """An open file of a store, read in its threads."""

    def __init__(self, store: Store, file: IO[bytes]) -> None:
        self._store = store
        self._file = file

    async def seek(self, offset: int) -> int:
        return await self._store.aside(self._file.seek, offset)

    async def read(self, size: int) -> bytes:
        return await self._store.aside(self._file.read, size)


class Download(FileResponse):
    """In larger blocks than Starlette's: 64 KiB ones cost six times as much. And when the client
    has left, the rest is not read for nobody.
    """

    chunk_size = 1 << 20

    def __init__(self, store: Store, path: Path, **rest: Any) -> None:
        super().__init__(path, **rest)
        self._store = store
        self._place = path

    @asynccontextmanager
    async def _open_file(self) -> AsyncIterator[Any]:
        """Not in Starlette's threads, for whose end the server would wait while the disk hangs."""
        file = await self._store.aside(self._place.open, "rb")
        try:
            yield Aside(self._store, file)
        finally:
            await self._store.aside(file.close)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(Departed), broken_off():
            await while_there(receive, super().__call__(scope, receive, send))


async def download(request: Request, store: Store, stored: Stored) -> Response:
    """The file, the asked parts of it, or 304 if the client has it already.

    Raises NotFound where its bytes are gone, PreconditionFailed and RangeNotSatisfiable.
    """
    etag = f'"{stored.file.sha256}"'
    try:
        stat = await store.aside(stored.path.stat)
    except FileNotFoundError:
        await store.aside(store.require)  # it may only be away
        raise NotFound(GONE.format(stored.file.name)) from None
    response = Download(
        store,
        stored.path,
        headers={**SAFE, "ETag": etag, "Content-Type": stored.file.media_type},
        filename=stored.file.name.rpartition("/")[2],
        stat_result=stat,
    )
    last_modified = response.headers["last-modified"]
    if is_known(request.headers, etag, last_modified):
        return unchanged(response.headers)
    ranges = satisfiable(request.headers.get("range", ""), stat.st_size)
    current = request.headers.get("if-range") in (None, etag, last_modified)
    if ranges == "" and current and request.method == "GET":
        raise RangeNotSatisfiable(stat.st_size)
    _set_range(request, ranges if request.method == "GET" else None)
    return response


def _set_range(request: Request, ranges: str | None) -> None:
    others = [(name, value) for name, value in request.scope["headers"] if name != b"range"]
    request.scope["headers"] = [*others, (b"range", ranges.encode())] if ranges else others
