"""Preconditions of a request (RFC 9110, section 13)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from starlette.datastructures import Headers
from starlette.responses import Response

from rest_compat.errors import PreconditionFailed

# Of the answer that need not be sent. What a browser has takes these on, and would else take on the
# policy of answers without one.
KEPT = ("etag", "last-modified", "cache-control", "vary", "content-security-policy")


def is_known(headers: Headers, etag: str | None, last_modified: str | None = None) -> bool:
    """Whether the client has already what these validators are of, so that 304 will do.

    Raises PreconditionFailed where the client asks only for what it knows, and this is not it.
    """
    modified = _date(last_modified)
    if _has_changed(headers, etag, modified):
        raise PreconditionFailed("This has changed; ask without If-Match and If-Unmodified-Since")
    if known := _tags(headers, "if-none-match"):
        return bool({"*", etag} & {tag.removeprefix("W/") for tag in known})
    since = _date(headers.get("if-modified-since"))
    return bool(since and modified and modified <= since)


def unchanged(headers: Headers) -> Response:
    """304, instead of an answer with these headers."""
    kept = {name: headers[name] for name in KEPT if name in headers}
    return Response(status_code=304, headers=kept)


def _has_changed(headers: Headers, etag: str | None, modified: datetime | None) -> bool:
    if wanted := _tags(headers, "if-match"):
        return not {"*", etag} & wanted
    before = _date(headers.get("if-unmodified-since"))
    return bool(before and modified and modified > before)


def _tags(headers: Headers, name: str) -> set[str]:
    """Of all headers of the name (section 5.3); empty where there is none."""
    return {tag.strip() for text in headers.getlist(name) for tag in text.split(",")}


def _date(text: str | None) -> datetime | None:
    """A date that cannot be read counts as none (section 13.1.4)."""
    try:
        found = parsedate_to_datetime(text or "")
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
