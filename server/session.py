"""A browser's session, at `/session`: who is signed in, signing in, signing out."""

from functools import partial

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from resolvers import sessions
from resolvers.application import Application
from resolvers.errors import BadInput, Forbidden, NotSignedIn, TooLarge
from rest_compat.api import Resource, address, bearer
from rest_compat.authn import caller
from rest_compat.errors import UnsupportedMediaType
from rest_compat.responses import json
from server.cookie import ELSEWHERE, crosses_sites, set_cookie

LARGEST = 16 << 10  # bytes
JSON = "application/json"


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent to sign in."""

    name: str
    password: str


def session(app: Application) -> Resource:
    """GET says who is signed in; POST signs in, with a name and a password; DELETE signs out."""
    answers = {"GET": _show, "POST": _begin, "DELETE": _end}
    return Resource({method: partial(answer, app) for method, answer in answers.items()})


async def _show(app: Application, request: Request) -> Response:
    """That nobody is signed in is no error here."""
    viewer = None
    try:
        found = await app.door.sign_in(bearer(request))
        viewer = {"id": str(found.id), "name": found.name, "isAdmin": found.is_admin}
    except NotSignedIn:
        pass
    return json({"viewer": viewer}, headers={"Cache-Control": "no-store"}, media_type=JSON)


async def _begin(app: Application, request: Request) -> Response:
    """A new session, instead of the one that the browser may have had."""
    _require_own_page(request)
    given = await _read(request)
    issued = await sessions.sign_in(app, given.name, given.password, caller(request))
    await sessions.sign_out(app, bearer(request), address(request))
    response = Response(status_code=204)
    set_cookie(response, request, issued.text, int(app.session_lifetime.total_seconds()))
    return response


async def _end(app: Application, request: Request) -> Response:
    _require_own_page(request)
    await sessions.sign_out(app, bearer(request), address(request))
    response = Response(status_code=204)
    set_cookie(response, request, "", 0)
    return response


def _require_own_page(request: Request) -> None:
    """Nobody is to be signed in, as somebody else, by another site."""
    if crosses_sites(request.scope):
        raise Forbidden(ELSEWHERE)


async def _read(request: Request) -> Credentials:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise UnsupportedMediaType(f"Send `name` and `password` as {JSON}")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise TooLarge(f"What signs you in may have at most {LARGEST} bytes")
    try:
        return msgspec.json.decode(body, type=Credentials)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadInput({"body": ['Send {"name": "…", "password": "…"}.']}) from None
