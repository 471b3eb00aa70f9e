"""Asking an identity provider over HTTP: small JSON documents, soon or not at all."""

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Generic, NamedTuple, TypeVar

import httpx
import orjson

from resolvers.errors import Unavailable

LARGEST = 1 << 20  # bytes of an answer
PATIENCE = 10.0  # seconds for a whole answer
AT_ONCE = httpx.Limits(max_connections=20)
FRESH = 3600.0  # seconds for which what was published is believed
ANEW = 10.0  # seconds between two looks at it
AWAY = (
    "The identity provider cannot be asked at the moment; try again soon, or sign in with a "
    "password or a token"
)

T = TypeVar("T")

log = logging.getLogger(__name__)


class Answer(NamedTuple):
    """The HTTP status and the JSON object that came with it."""

    status: int
    content: dict[str, Any]


@asynccontextmanager
async def opened() -> AsyncIterator[httpx.AsyncClient]:
    """What asks: it follows no redirects, and believes the certificates that the system does."""
    trusted = ssl.create_default_context()
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    async with httpx.AsyncClient(
        verify=trusted, headers=headers, timeout=PATIENCE, limits=AT_ONCE
    ) as http:
        yield http


async def ask(http: httpx.AsyncClient, method: str, address: str, **rest: Any) -> Answer:
    """What a server answers. Raises Unavailable."""
    try:
        async with asyncio.timeout(PATIENCE), http.stream(method, address, **rest) as response:
            return Answer(response.status_code, _object(await _read(response)))
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
        raise unavailable(f"{method} {address}: {error or type(error).__name__}") from error


def unavailable(reason: str) -> Unavailable:
    """The error to be raised; the reason is the operator's to read."""
    log.warning("The identity provider: %s", reason)
    return Unavailable(AWAY)


class Publication(Generic[T]):
    """What a provider publishes and seldom changes; `read` fetches it, and raises Unavailable.

    It is believed for an hour, and longer where it cannot be read again.
    """

    def __init__(self, read: Callable[[], Awaitable[T]]) -> None:
        self._read = read
        self._found: T | None = None
        self._looked = float("-inf")
        self._failed = False
        self._turn = asyncio.Lock()

    async def get(self, age: float = FRESH) -> T:
        """As it was at most `age` seconds ago, but read again after ANEW at the soonest.

        Raises Unavailable.
        """
        async with self._turn:
            wait = ANEW if self._failed or self._found is None else max(age, ANEW)
            if time.monotonic() - self._looked >= wait:
                await self._look()
        if self._found is None or (self._failed and age < FRESH):
            raise Unavailable(AWAY)
        return self._found

    async def _look(self) -> None:
        try:
            self._found, self._failed = await self._read(), False
        except Unavailable:
            self._failed = True
        self._looked = time.monotonic()


async def _read(response: httpx.Response) -> bytes:
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > LARGEST:
            raise ValueError(f"more than {LARGEST} bytes")
    return body


def _object(body: bytes) -> dict[str, Any]:
    """A JSON object. Raises ValueError."""
    found = orjson.loads(body)
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    return found
