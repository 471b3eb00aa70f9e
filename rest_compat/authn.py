"""Signing in and out by the older contract: a form goes in, a bearer token comes out in a header.

Such a token is that of a session: it ends when it has not been used for some time.
"""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from resolvers import sessions
from resolvers.errors import Forbidden, NotSignedIn, TooLarge
from resolvers.sessions import Caller
from rest_compat import hal, responses
from rest_compat.api import Api, address, bearer, media_type
from rest_compat.errors import UnsupportedMediaType
from rest_compat.site import ELSEWHERE, crosses_sites

FORM = "application/x-www-form-urlencoded"
LARGEST = 16 << 10  # bytes of what somebody signs in with
MOST_FIELDS = 20


async def login(api: Api, request: Request) -> Response:
    """The token is in the header `Authorization`, as it is to be sent back.

    Raises Forbidden for a page of another site: it could have its visitors' address fail, or any
    account, until nobody is let in any more.
    """
    if crosses_sites(request.scope) and request.headers.get("origin") not in api.origins:
        raise Forbidden(ELSEWHERE)
    name, password = await _read_form(request)
    issued = await sessions.sign_in(api.app, name, password, caller(request))
    headers = {"Authorization": f"Bearer {issued.text}", "Cache-Control": "no-store"}
    return Response(headers=headers)


async def status(api: Api, request: Request) -> Response:
    """Whether the token that was sent is good; it is no error if it is not."""
    try:
        await api.door.sign_in(bearer(request))
    except NotSignedIn:
        return responses.json(hal.authentication(api.links, is_signed_in=False))
    return responses.json(hal.authentication(api.links, is_signed_in=True))


async def logout(api: Api, request: Request) -> Response:
    """Ends the session; that there is none is no error."""
    await sessions.sign_out(api.app, bearer(request), address(request))
    return Response(status_code=204)


def caller(request: Request) -> Caller:
    """From where a request comes."""
    return Caller(address(request), request.headers.get("user-agent", ""))


async def read_credentials(request: Request, kind: str, what: str) -> bytes:
    """A small body of this media type. Raises UnsupportedMediaType and TooLarge."""
    if media_type(request) != kind:
        raise UnsupportedMediaType(f"Send {what} as {kind}")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise TooLarge(f"What signs you in may have at most {LARGEST} bytes")
    return body


async def _read_form(request: Request) -> tuple[str, str]:
    """Name and password. Raises NotSignedIn where one is missing."""
    body = await read_credentials(request, FORM, "the fields `user` and `password`")
    try:
        fields = parse_qs(body.decode(errors="replace"), max_num_fields=MOST_FIELDS)
    except ValueError:
        fields = {}
    names, passwords = fields.get("user", []), fields.get("password", [])
    if len(names) != 1 or len(passwords) != 1:
        raise NotSignedIn("Send the form fields `user` and `password`, each once")
    return names[0], passwords[0]
