"""Downloads: Range, If-Range, If-None-Match and If-Modified-Since (RFC 9110)."""

import re
from asyncio import to_thread
from email.utils import parsedate_to_datetime

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from resolvers.files import Stored

RANGES = re.compile(r"bytes=\s*(\d+-\d*|-\d+)(\s*,\s*(\d+-\d*|-\d+))*\s*")
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, no-cache",
}


class Download(FileResponse):
    """In larger blocks than Starlette's: 64 KiB ones cost six times as much."""

    chunk_size = 1 << 20


async def download(request: Request, stored: Stored) -> Response:
    """The file, the asked parts of it, or 304 if the client has it already."""
    etag = f'"{stored.file.sha256}"'
    stat = await to_thread(stored.path.stat)
    response = Download(
        stored.path,
        headers={**SAFE, "ETag": etag},
        media_type=stored.file.media_type,
        filename=stored.file.name.rpartition("/")[2],
        stat_result=stat,
    )
    if _is_fresh(request.headers, etag, response.headers["last-modified"]):
        kept = {name: response.headers[name] for name in ("etag", "last-modified", "cache-control")}
        return Response(status_code=304, headers=kept)
    if not _is_range(request.headers.get("range", "")):
        _forget_range(request)
    return response


def _is_fresh(headers: Headers, etag: str, last_modified: str) -> bool:
    known = headers.get("if-none-match")
    if known is not None:
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        return "*" in tags or etag in tags
    since = headers.get("if-modified-since")
    try:
        return since is not None and parsedate_to_datetime(last_modified) <= parsedate_to_datetime(
            since
        )
    except (ValueError, TypeError):
        return False


def _is_range(text: str) -> bool:
    """Whether it is well-formed; what is not must be ignored (RFC 9110, section 14.2)."""
    if not RANGES.fullmatch(text):
        return False
    pairs = (part.strip().split("-") for part in text.removeprefix("bytes=").split(","))
    return all(not start or not end or int(start) <= int(end) for start, end in pairs)


def _forget_range(request: Request) -> None:
    request.scope["headers"] = [
        (name, value) for name, value in request.scope["headers"] if name != b"range"
    ]
