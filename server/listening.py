"""Where a server listens: sockets that are its own before anything else of it has begun."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from errno import EADDRNOTAVAIL, EAFNOSUPPORT
from socket import (
    AF_INET6,
    AI_PASSIVE,
    IPPROTO_IPV6,
    IPV6_V6ONLY,
    SO_REUSEADDR,
    SOCK_STREAM,
    SOL_SOCKET,
    getaddrinfo,
    socket,
)
from typing import Any

from server.url import address


class AddressError(Exception):
    """The server cannot listen where it should."""


@contextmanager
def bound(host: str, port: int) -> Iterator[list[socket]]:
    """A socket for each address of the host, which does not listen yet. Raises AddressError."""
    with ExitStack() as stack:
        with told(host, port):
            sockets = _bind_all(host, port, stack)
        yield sockets


@contextmanager
def told(host: str, port: int) -> Iterator[None]:
    """Makes AddressError of what keeps the inside from listening."""
    try:
        yield
    except (OSError, UnicodeError) as error:  # the latter for a name that no host can have
        reason = error.strerror if isinstance(error, OSError) else error
        raise AddressError(
            f"The server cannot listen at {address(host, port)} ({reason}): choose another "
            "port with PROCESSION_PORT or --port, or another address with PROCESSION_HOST or --host"
        ) from None


def _bind_all(host: str, port: int, stack: ExitStack) -> list[socket]:
    sockets, missing = [], OSError(EADDRNOTAVAIL, "There is no such address")
    # /etc/hosts may have an address twice, which can be listened at but once.
    found = dict.fromkeys(getaddrinfo(host, port, type=SOCK_STREAM, flags=AI_PASSIVE))
    for family, *_, place in found:
        try:
            it = stack.enter_context(socket(family, SOCK_STREAM))
            _bind(it, place)
            sockets.append(it)
        except OSError as error:
            # A name such as localhost may have an address of IPv6 where the machine has none.
            if error.errno not in (EADDRNOTAVAIL, EAFNOSUPPORT):
                raise
            missing = error
    if not sockets:
        raise missing
    return sockets


def _bind(it: socket, place: Any) -> None:
    it.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)  # connections of the last server may linger
    if it.family == AF_INET6:
        it.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)  # IPv4 has a socket of its own
    it.bind(place)
