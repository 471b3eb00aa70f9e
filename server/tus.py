"""Uploads that can be paused, by tus 1.0 (https://tus.io/protocols/resumable-upload), with its
extensions creation, expiration and termination: `/uploads` and `/uploads/ID`.
"""

import re
from base64 import b64decode
from email.utils import format_datetime
from uuid import UUID

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from jobs.arrivals import Arrival, Facts
from resolvers import arrivals
from resolvers.errors import BadInput, NotFound
from resolvers.uploads import as_media_type, base_name
from resolvers.viewer import Viewer
from rest_compat.api import Answer, Api, Endpoint, Resource, media_type, signed_in
from rest_compat.errors import PreconditionFailed, UnsupportedMediaType

PATH = "/uploads"
VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,termination"
CONTENT = "application/offset+octet-stream"
LONGEST_METADATA = 4096  # characters


def routes(api: Api) -> list[Route]:
    """Both of them."""

    async def abilities(_: Request) -> Response:
        most = {"Tus-Extension": EXTENSIONS, "Tus-Max-Size": str(api.app.max_upload)}
        return Response(status_code=204, headers=most)

    all_of_them = {"OPTIONS": abilities, "POST": _guarded(api, _begin)}
    one = {"HEAD": _show, "PATCH": _append, "DELETE": _cancel}
    each = {method: _guarded(api, endpoint) for method, endpoint in one.items()}
    return [
        Route(PATH, Versioned(all_of_them)),
        Route(f"{PATH}/{{upload_id}}", Versioned({"OPTIONS": abilities, **each})),
    ]


class Versioned(Resource):
    """Says in all of its answers which version of the protocol it speaks.

    The method is what `X-HTTP-Method-Override` says, for clients that cannot send PATCH or DELETE.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = Headers(scope=scope).get("x-http-method-override", scope["method"])

        async def send_versioned(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Tus-Resumable"] = headers["Tus-Version"] = VERSION
                headers["Cache-Control"] = "no-store"
            await send(message)

        await super().__call__({**scope, "method": method}, receive, send_versioned)


def _guarded(api: Api, endpoint: Endpoint) -> Answer:
    """For who has signed in and speaks our version."""
    inside = signed_in(api, endpoint)

    async def answer(request: Request) -> Response:
        if request.headers.get("tus-resumable") != VERSION:
            raise PreconditionFailed(f"Speak tus {VERSION}: send the header Tus-Resumable")
        return await inside(request)

    return answer


async def _begin(api: Api, viewer: Viewer, request: Request) -> Response:
    size, metadata = _number(request, "Upload-Length"), request.headers.get("upload-metadata", "")
    said = _read_metadata(metadata)
    facts = Facts(
        name=base_name(said.get("filename", "")),
        media_type=as_media_type(said.get("filetype", "")),
        size=size,
        metadata=metadata,
    )
    begun = await arrivals.begin(viewer, api.app, facts, said.get("script"))
    location = f"{api.links.base}{PATH}/{begun.id}"
    return Response(status_code=201, headers={"Location": location, **_state(begun)})


async def _show(api: Api, viewer: Viewer, request: Request) -> Response:
    found = await arrivals.show(viewer, api.app, _id(request))
    said = {"Upload-Length": str(found.facts.size), "Upload-Metadata": found.facts.metadata}
    return Response(headers={**_state(found), **said})


async def _append(api: Api, viewer: Viewer, request: Request) -> Response:
    if media_type(request) != CONTENT:
        raise UnsupportedMediaType(f"Send the bytes as {CONTENT}")
    upload_id, offset = _id(request), _number(request, "Upload-Offset")
    found = await arrivals.append(viewer, api.app, upload_id, offset, request.stream())
    return Response(status_code=204, headers=_state(found))


async def _cancel(api: Api, viewer: Viewer, request: Request) -> Response:
    await arrivals.cancel(viewer, api.app, _id(request))
    return Response(status_code=204)


def _state(found: Arrival) -> dict[str, str]:
    expires = format_datetime(found.expires, usegmt=True)
    return {"Upload-Offset": str(found.offset), "Upload-Expires": expires}


def _id(request: Request) -> UUID:
    """Raises NotFound: an address that is none of ours leads nowhere."""
    try:
        return UUID(request.path_params["upload_id"])
    except ValueError:
        raise NotFound(f"There is nothing at {request.url.path}") from None


def _number(request: Request, name: str) -> int:
    """A header that has to be there. Raises BadInput."""
    text = request.headers.get(name, "")
    if not re.fullmatch("[0-9]{1,18}", text):
        raise BadInput({name: ["Send this header, with a number of bytes."]})
    return int(text)


def _read_metadata(text: str) -> dict[str, str]:
    """`KEY BASE64,KEY BASE64`, of which we know `filename`, `filetype` and `script`."""
    said = {}
    if len(text) > LONGEST_METADATA:
        raise BadInput({"Upload-Metadata": [f"At most {LONGEST_METADATA} characters are allowed."]})
    try:
        for pair in filter(None, text.split(",")):
            key, _, value = pair.strip().partition(" ")
            said[key] = b64decode(value.strip(), validate=True).decode()
    except ValueError:
        example = "filename c2FmLnppcA=="
        raise BadInput({"Upload-Metadata": [f"This is not of the form `{example}`."]}) from None
    return said
