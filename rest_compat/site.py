"""Sites: whether a page of another one asks, by way of a browser that is led to it."""

from starlette.datastructures import Headers
from starlette.types import Scope

ELSEWHERE = "This was asked for by a page of another site; open the page of this server itself"


def crosses_sites(scope: Scope) -> bool:
    """Whether a browser was made to ask this by a page that is not of this server."""
    headers = Headers(scope=scope)
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site not in ("same-origin", "none")
    return origin is not None and origin.partition("://")[2] != headers.get("host")
