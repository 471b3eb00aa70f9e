"""Requests by HTTP, for what is too large for a WebSocket: files, up and down.

By the standard library: a command is to begin at once, and no library for HTTP is loaded as fast.
"""

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, NoReturn
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import orjson

from client.connection import SIGN_IN, Server, refuse
from client.errors import Cut, NotSignedIn, Refused, Unreachable

STILL = 60.0  # seconds without a byte, after which a connection is taken to be dead
LARGEST_ANSWER = 1 << 26  # bytes
# What passes: we stood still for too long, the server still believes in the last connection, it is
# leaving or its database is away, or a proxy has no server.
AGAIN = {408, 409, 500, 502, 503, 504}

Body = bytes | Iterable[bytes] | None


@contextmanager
def exchange(
    server: Server, method: str, path: str, headers: Mapping[str, str], body: Body = None
) -> Iterator[HTTPResponse]:
    """One request, and its answer to be read; redirections are not followed.

    Raises Unreachable; Cut where the connection breaks later, out of the block too.
    """
    connection, prefix = _reach(server)
    given = {"Authorization": f"Bearer {server.token}"} if server.token else {}
    try:
        with suppress(BrokenPipeError, ConnectionResetError):  # it may have said why it hangs up
            connection.request(method, prefix + path, body, {**given, **headers})
        yield connection.getresponse()
    except (OSError, HTTPException) as error:
        raise Cut(f"The connection to {server.url} was cut: {error or 'no answer'}") from error
    finally:
        connection.close()


def check(response: HTTPResponse, *wanted: int) -> None:
    """Raises Refused for another status than these, or Cut for one that passes by itself."""
    if response.status not in wanted:
        _deny(response, _told(response))


def answer_of(response: HTTPResponse) -> dict[str, Any]:
    """The JSON object of an answer. Raises Refused or Cut for one that says no, as `check` does."""
    told = _told(response)
    if response.status >= 400 or not told or "errors" in told:
        _deny(response, told)
    return told


def _told(response: HTTPResponse) -> dict[str, Any]:
    """Empty if it is no JSON object."""
    try:
        told = orjson.loads(response.read(LARGEST_ANSWER))
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _deny(response: HTTPResponse, told: dict[str, Any]) -> NoReturn:
    error = (told.get("errors") or [told])[0]
    words = f"The server answers {response.status} {error.get('message') or response.reason}"
    if response.status == 401:
        raise NotSignedIn(SIGN_IN)
    if response.status in AGAIN:
        raise Cut(words)
    if told.get("errors"):
        refuse(error)
    raise Refused(words)


def _reach(server: Server) -> tuple[HTTPConnection, str]:
    """A connection, through the proxy that the system names if there is one; what goes before each
    path."""
    url = urlsplit(server.url)
    host, port = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
    proxy = None if proxy_bypass(f"{host}:{port}") else getproxies().get(url.scheme)
    near = urlsplit(proxy) if proxy else url
    if url.scheme == "https":
        context = ssl.create_default_context()
        connection: HTTPConnection = HTTPSConnection(
            near.hostname or "", near.port or 443, timeout=STILL, context=context
        )
        if proxy:
            connection.set_tunnel(host, port)
    else:
        connection = HTTPConnection(near.hostname or "", near.port or 80, timeout=STILL)
    try:
        connection.connect()
    except (OSError, HTTPException) as error:
        raise Unreachable(f"No Procession server answers at {server.url}: {error}") from error
    through = f"http://{url.netloc}" if proxy and url.scheme == "http" else ""
    return connection, through
