"""Addresses of other servers."""

from urllib.parse import urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_safe(address: object) -> bool:
    """Whether nobody on its way can read or change what goes there: HTTPS, or this machine."""
    try:
        parts = urlsplit(str(address))
    except ValueError:
        return False
    if parts.scheme == "http":
        return parts.hostname in LOOPBACK
    return parts.scheme == "https" and bool(parts.hostname)
