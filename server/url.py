"""URLs of settings and options, which may hold a password that is not to be told."""

import re
from urllib.parse import urlsplit


def check_url(url: str, schemes: tuple[str, ...]) -> None:
    """Raises ValueError, whose words have nothing of a password, unless it begins with one of these
    and its parts can be told apart.
    """
    if not url.startswith(schemes):
        raise ValueError(f"{masked(url)!r} should begin with {' or '.join(schemes)}")
    try:
        _ = urlsplit(url).port
    except ValueError:
        raise ValueError(
            f"{masked(url)!r} is no URL; in a user's name or password write each sign but letters "
            "and digits as % and its code (/ as %2F)"
        ) from None


def address(host: str, port: int) -> str:
    """Where a server is that listens there; an IPv6 address is in brackets (RFC 3986, 3.2.2)."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_address(url: str) -> bool:
    """Whether it is http or https, a host and perhaps a port, as a server is reached: no more."""
    try:
        parts = urlsplit(url)
        _ = parts.port, (parts.hostname or "").encode("idna")
    except ValueError:
        return False
    bare = url.rstrip("/") == f"{parts.scheme}://{parts.netloc}" and bool(parts.hostname)
    return bare and parts.scheme in ("http", "https") and not re.search(r"[\x00-\x20\x7f@]", url)


def masked(url: str) -> str:
    """Without what stands before an @, and without a query."""
    return re.sub(r"(?s)^([a-z0-9+]*:/*)?.*@", r"\1***@", url).partition("?")[0]
