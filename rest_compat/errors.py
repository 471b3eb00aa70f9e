"""Errors as the contract's clients see them."""

import logging
from http import HTTPStatus
from math import ceil

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from models.instant import now
from models.outage import complain, is_outage
from resolvers.errors import (
    BadInput,
    Conflict,
    Forbidden,
    NoRoom,
    NotFound,
    NotSignedIn,
    TooLarge,
    TooManyRequests,
    Unavailable,
)
from rest_compat import hal
from rest_compat.responses import json

log = logging.getLogger(__name__)

COME_BACK = 5  # seconds, for what nobody knows how long it stays away


class MethodNotAllowed(Exception):
    """`allowed` are the methods that the resource has."""

    def __init__(self, allowed: list[str]) -> None:
        self.allowed = ", ".join(allowed)
        super().__init__(f"This resource has only the methods {self.allowed}")


class UnsupportedMediaType(Exception):
    """The body is of a kind that the resource does not take."""


class PreconditionFailed(Exception):
    """If-Match or If-Unmodified-Since does not hold."""


class RangeNotSatisfiable(Exception):
    """A file of `size` bytes has none of the ranges."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(f"The file has only {size} bytes")


PHRASES = {  # those of Python differ from version to version
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "Payload Too Large",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "Requested Range Not Satisfiable",
}
STATUSES: dict[type[Exception], HTTPStatus] = {
    BadInput: HTTPStatus.BAD_REQUEST,
    NotSignedIn: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    RangeNotSatisfiable: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    NoRoom: HTTPStatus.INSUFFICIENT_STORAGE,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
UNEXPECTED = {
    HTTPStatus.SERVICE_UNAVAILABLE: "The server cannot do this just now; try again soon",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something went wrong on the server; its log says what",
}


def refusal(request: Request, error: Exception) -> Response:
    """The answer to a request that ended in this error."""
    document = explanation(request, error)
    headers = {}
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = error.allowed
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(ceil(error.retry_after))
    if document["status"] == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(COME_BACK)
    if isinstance(error, RangeNotSatisfiable):
        headers["Content-Range"] = f"bytes */{error.size}"
    return json(document, document["status"], headers, media_type="application/json")


def explanation(request: Request, error: Exception) -> hal.Document:
    """What the client is told of an error; of an unexpected one only the log has more."""
    status = STATUSES.get(type(error))
    message = str(error)
    if status is None:
        if not isinstance(error, ClientDisconnect):
            complain(log, f"{request.method} {request.url.path} failed", error)
        away = is_outage(error)
        status = HTTPStatus.SERVICE_UNAVAILABLE if away else HTTPStatus.INTERNAL_SERVER_ERROR
        message = UNEXPECTED[status]
    phrase = PHRASES.get(status, status.phrase)
    return hal.error(status.value, phrase, message, request.scope["path"], now())
