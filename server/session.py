"""A browser's session, at `/session`: who is signed in, signing in, signing out."""

from functools import partial
from urllib.parse import unquote

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from resolvers import sessions
from resolvers.application import Application
from resolvers.errors import BadInput, Forbidden, NotSignedIn
from rest_compat.api import Resource, address, bearer
from rest_compat.authn import caller, read_credentials
from rest_compat.responses import json
from rest_compat.site import ELSEWHERE, crosses_sites
from server.cookie import SESSION, WORDS

JSON = "application/json"


class Credentials(msgspec.Struct, forbid_unknown_fields=True):
    """What is sent to sign in."""

    name: str
    password: str


def session(app: Application, provider: str | None) -> Resource:
    """GET says who is signed in; POST signs in, with a name and a password; DELETE signs out.

    `provider` is what people call the identity provider, if there is one.
    """
    begin, end = partial(_begin, app), partial(_end, app)
    return Resource({"GET": partial(_show, app, provider), "POST": begin, "DELETE": end})


async def _show(app: Application, provider: str | None, request: Request) -> Response:
    """That nobody is signed in is no error here. What went wrong at the provider is told once."""
    viewer = None
    try:
        found = await app.door.sign_in(bearer(request))
        viewer = {"id": str(found.id), "name": found.name, "isAdmin": found.is_admin}
    except NotSignedIn:
        pass
    said: dict[str, object] = {"viewer": viewer}
    if provider is not None:
        said["openid"] = {"label": provider}
    if words := WORDS.read(request.scope):
        said["problem"] = unquote(words)
    response = json(said, media_type=JSON)
    if words:
        WORDS.give(response, request.scope, "", 0)
    return response


async def _begin(app: Application, request: Request) -> Response:
    """A new session, instead of the one that the browser may have had."""
    _require_own_page(request)
    given = await _read(request)
    issued = await sessions.sign_in(app, given.name, given.password, caller(request))
    await sessions.sign_out(app, bearer(request), address(request))
    response = Response(status_code=204)
    lifetime = int(app.session_lifetime.total_seconds())
    SESSION.give(response, request.scope, issued.text, lifetime)
    return response


async def _end(app: Application, request: Request) -> Response:
    _require_own_page(request)
    await sessions.sign_out(app, bearer(request), address(request))
    response = Response(status_code=204)
    SESSION.give(response, request.scope, "", 0)
    return response


def _require_own_page(request: Request) -> None:
    """Nobody is to be signed in, as somebody else, by another site."""
    if crosses_sites(request.scope):
        raise Forbidden(ELSEWHERE)


async def _read(request: Request) -> Credentials:
    body = await read_credentials(request, JSON, "`name` and `password`")
    try:
        return msgspec.json.decode(body, type=Credentials)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadInput({"body": ['Send {"name": "…", "password": "…"}.']}) from None
