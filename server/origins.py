"""Pages of other origins: closed to them unless a setting names them."""

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

SENT = [
    *("Authorization", "Content-Type", "Last-Event-ID", "Range"),
    *("Tus-Resumable", "Upload-Length", "Upload-Metadata", "Upload-Offset"),
    "X-HTTP-Method-Override",
    *("If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since"),
]
SEEN = [
    *("Accept-Ranges", "Content-Disposition", "Content-Range", "ETag", "Last-Modified"),
    *("Link", "Location", "Retry-After", "WWW-Authenticate", "Authorization"),
    *("Tus-Extension", "Tus-Max-Size", "Tus-Resumable", "Tus-Version"),
    *("Upload-Expires", "Upload-Length", "Upload-Metadata", "Upload-Offset"),
]
REMEMBERED = 600  # seconds for which a browser need not ask again


def cross_origin(origins: Sequence[str]) -> list[Middleware]:
    """What lets pages of these origins in, by token only: their cookies are not for us."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
            allow_headers=SENT,
            expose_headers=SEEN,
            allow_credentials=False,
            max_age=REMEMBERED,
        )
    ]
