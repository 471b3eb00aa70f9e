"""Cookies: that of a browser's session, and who may come with it.

A cookie is sent by the browser whoever makes it ask. So it counts only for what a page of this
server asks, and for a link that somebody follows: `Sec-Fetch-Site` says where a request comes from,
in older browsers `Origin`. What has passed is given on with the cookie's token as its
`Authorization`, so nobody behind this knows of cookies. A request that brings its own
`Authorization` is left alone: no other site could have made a browser send that. Pages of the
origins that the settings name have to bring one, on a WebSocket in its first message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from resolvers.errors import Forbidden
from rest_compat.errors import refusal
from rest_compat.site import ELSEWHERE, crosses_sites
from schema.errors import document

LOOKING = ("GET", "HEAD", "OPTIONS")
POLICY_VIOLATION = 1008


class Cookies:
    """An ASGI application that lets those in who have a session; `origins` are let in without."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        token, headers = SESSION.read(scope), Headers(scope=scope)
        if token is None or "authorization" in headers:
            await self._app(scope, receive, send)
        elif not crosses_sites(scope) or is_visit(scope):
            given = (b"authorization", f"Bearer {token}".encode("latin-1", "replace"))
            await self._app({**scope, "headers": [*scope["headers"], given]}, receive, send)
        elif is_looking(scope) or headers.get("origin") in self._origins:
            await self._app(scope, receive, send)
        else:
            await _refuse(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Cookie:
    """One that no script can read. A `lax` one also comes with links from other sites."""

    name: str
    same_site: Literal["strict", "lax"]

    def read(self, scope: Scope) -> str | None:
        """What the browser has sent."""
        for name, value in scope["headers"]:
            if name == b"cookie" and self.name.encode() in value:
                found = cookie_parser(value.decode("latin-1")).get(self._name(scope))
                if found:
                    return found
        return None

    def give(self, response: Response, scope: Scope, value: str, seconds: int) -> None:
        """Makes the browser keep it for so long; 0 takes it away."""
        response.set_cookie(
            self._name(scope),
            value,
            max_age=seconds,
            path="/",
            secure=_is_secure(scope),
            httponly=True,
            samesite=self.same_site,
        )

    def _name(self, scope: Scope) -> str:
        """Over TLS no other host can set a cookie whose name begins so."""
        return f"__Host-{self.name}" if _is_secure(scope) else self.name


SESSION = Cookie("procession", "strict")
ERRAND = Cookie("procession-openid", "lax")  # the identity provider sends the browser back with it
PLACE = Cookie("procession-place", "lax")  # of our page that somebody left for the provider's
WORDS = Cookie("procession-words", "strict")  # what the page is to tell, once


def is_looking(scope: Scope) -> bool:
    """Whether nothing can be changed by it. Through a WebSocket something can."""
    return scope["type"] == "http" and scope["method"] in LOOKING


def is_visit(scope: Scope) -> bool:
    """Whether somebody follows a link, and no script sees what comes of it."""
    return is_looking(scope) and Headers(scope=scope).get("sec-fetch-mode") == "navigate"


def _is_secure(scope: Scope) -> bool:
    return scope["scheme"] in ("https", "wss")


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": ELSEWHERE})
        return
    error = Forbidden(ELSEWHERE)
    answer = (
        JSONResponse(document(error), 403)
        if scope["path"] == "/graphql"
        else refusal(Request(scope, receive), error)
    )
    await answer(scope, receive, send)
