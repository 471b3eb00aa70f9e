"""The console, built from `console/` (see its README) into `server/pages/`.

Its pages have addresses of their own, which all give the same document; `assets` is what it loads.
"""

import mimetypes
import re
from functools import cache
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from resolvers.errors import NotFound
from resolvers.preferences import coding
from rest_compat.conditions import is_known, unchanged
from rest_compat.errors import PreconditionFailed, refusal

BUILT = Path(__file__).with_name("pages")
PAGES = ("processes", "start", "timeline", "users", "groups", "audit", "account")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Vary": "Accept-Encoding"}
PACKED = {"br": ".br", "gzip": ".gz"}  # which the build makes beside each file, the best first
NAME = re.compile(r"[A-Za-z0-9_][\w.-]*")
NOT_BUILT = (
    "<!doctype html><html lang=en><title>Procession</title><p>The console is not built. "
    "Run <code>make page</code>, which needs the npm registry once. "
    '<a href="/graphql">GraphiQL</a> and the API are there.'
)


def routes() -> list[Route]:
    """The console's pages, and what they load."""
    return [
        Route("/", page),
        *(Route(f"/{name}{rest}", page) for name in PAGES for rest in ("", "/{rest:path}")),
        Route("/assets/{name}", asset),
    ]


async def page(request: Request, status: int = 200) -> Response:
    """The document, which browsers ask for again each time: it names the newest assets."""
    index = BUILT / "index.html"
    if not index.exists():
        return HTMLResponse(NOT_BUILT, 503, HEADERS)
    return _file(request, index, "no-cache", status)


async def asset(request: Request) -> Response:
    """What has its hash in its name, and so never changes."""
    name = request.path_params["name"]
    path = BUILT / "assets" / name
    if not NAME.fullmatch(name) or name.endswith(tuple(PACKED.values())) or not path.is_file():
        return refusal(request, NotFound(f"There is nothing at {request.url.path}"))
    return _file(request, path, "public, max-age=31536000, immutable", 200)


def _file(request: Request, path: Path, caching: str, status: int) -> Response:
    """The file, packed if the browser can unpack it; 304 if it has it already."""
    headers = {**HEADERS, "Cache-Control": caching}
    packed = {name: path.with_name(path.name + ending) for name, ending in PACKED.items()}
    there = [name for name, each in packed.items() if each.exists()]
    encoding = coding(request.headers.getlist("accept-encoding"), there)
    if encoding is not None:
        headers["Content-Encoding"] = encoding
    sent = path if encoding is None else packed[encoding]
    stat = sent.stat()
    headers["ETag"] = _tag(sent, stat.st_mtime_ns)
    response = FileResponse(sent, status, headers, _media_type(path), stat_result=stat)
    return response if status != 200 else _unless_known(request, response)


@cache
def _tag(path: Path, _modified: int) -> str:
    """Of what is in it: where all files are of one time, as in some images of containers, the next
    version's document may be as large, and names other assets."""
    return f'"{sha256(path.read_bytes()).hexdigest()[:32]}"'


def _unless_known(request: Request, response: FileResponse) -> Response:
    etag, last_modified = response.headers["etag"], response.headers["last-modified"]
    try:
        known = is_known(request.headers, etag, last_modified)
    except PreconditionFailed as error:
        return refusal(request, error)
    return unchanged(response.headers) if known else response


def _media_type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
