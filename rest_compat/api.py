"""What the endpoints have at hand, and the resources that dispatch to them."""

from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from models.process import Process
from models.status import Status
from resolvers import addresses
from resolvers.application import Application
from resolvers.coalescer import Coalescer
from resolvers.door import Door
from resolvers.errors import BadInput
from resolvers.given import Parameters
from resolvers.viewer import Viewer
from rest_compat import hal
from rest_compat.errors import MethodNotAllowed, refusal
from rest_compat.links import Links

MOST_REMEMBERED = 5000  # documents of ended processes
LONGEST_REMEMBERED = 8192  # bytes of one


class Listing(NamedTuple):
    """Execution List. What is too long to be made as a whole has no `document`: it is made of the
    `rows` while it is sent."""

    link: str
    document: bytes | None
    rows: list[Process]
    ends: tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Api:
    """The application, who may come in, and how addresses and pages are made. Pages of `origins`
    may sign in as our own may."""

    app: Application
    door: Door
    links: Links
    max_page_size: int
    origins: Sequence[str] = ()
    ended: dict[UUID, bytes] = field(default_factory=dict)
    lists: Coalescer[Hashable, Listing] = field(default_factory=Coalescer)

    def shown(self, row: Process, given: Parameters) -> bytes:
        """Execution Details as JSON, written only once of a process that has ended and will not
        change."""
        if found := self.ended.get(row.id):
            return found
        document = orjson.dumps(hal.process(row, given, self.links))
        if Status(row.status).ended and len(document) <= LONGEST_REMEMBERED:
            if len(self.ended) >= MOST_REMEMBERED:
                self.ended.clear()
            self.ended[row.id] = document
        return document


Endpoint = Callable[[Api, Viewer, Request], Awaitable[Response]]
Answer = Callable[[Request], Awaitable[Response]]


def signed_in(api: Api, endpoint: Endpoint) -> Answer:
    """The endpoint for those who have signed in."""

    async def answer(request: Request) -> Response:
        viewer = await api.door.sign_in(bearer(request), address(request))
        return await endpoint(api, viewer, request)

    return answer


def downloading(api: Api, endpoint: Endpoint) -> Answer:
    """The endpoint of a file for those who have signed in, or come by a signed address."""

    async def answer(request: Request) -> Response:
        signature, token = request.query_params.get("signature"), bearer(request)
        if signature is None or token is not None:
            return await endpoint(api, await api.door.sign_in(token, address(request)), request)
        name = request.path_params["name"]
        viewer = await addresses.viewer_of(api.app, process_id(request), name, signature)
        return await endpoint(api, replace(viewer, address=address(request)), request)

    return answer


class Resource:
    """An ASGI application: answers each method that it has, and renders errors."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._answers = dict(answers)
        if "GET" in answers:
            self._answers["HEAD"] = answers["GET"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        try:
            if request.method not in self._answers:
                raise MethodNotAllowed(list(self._answers))
            response = await self._answers[request.method](request)
        except Exception as error:
            response = refusal(request, error)
        await response(scope, receive, send)


def bearer(request: Request) -> str | None:
    """The token of the request (RFC 6750)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def address(request: Request) -> str:
    """From where a request comes; proxies that are trusted have been seen through."""
    return request.client.host if request.client else ""


def media_type(request: Request) -> str:
    """Of the body, in small letters, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def process_id(request: Request) -> UUID:
    """The id in the address. Raises BadInput for what is no UUID."""
    text = request.path_params["process_id"]
    try:
        return UUID(text)
    except ValueError:
        raise BadInput({"processId": [f"{text!r} is not a UUID."]}) from None
