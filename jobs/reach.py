"""Reach: to which addresses Procession sends what users ask it to send: to none inside its network.

A name is looked up once, all its addresses are checked, and one of these is connected to; so a name
that means something else a moment later leads nowhere else.
"""

import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from jobs.threads import Threads

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Networks that are not public, as not all versions of Python know.
RESERVED = [ip_network(each) for each in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")]
# Networks of IPv6 in which an address stands for one of IPv4, or may lead to one.
TRANSLATED = [ip_network(each) for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2001::/32")]
LOOK_UPS = 32  # at once, in threads that others do not need: those that hang do so for long


class ReachError(Exception):
    """An address that is not to be reached; says why."""


class Reach:
    """Finds the addresses of hosts. Those in `allowed` networks may be reached though they are not
    public, and without TLS."""

    def __init__(self, allowed: Iterable[Network] = ()) -> None:
        self._allowed = list(allowed)
        self._threads = Threads(LOOK_UPS)

    async def addresses(self, scheme: str, host: str, port: int) -> list[Address]:
        """Those of a host, by name or number. Raises ReachError if one of them is not to be
        reached, OSError where there is none."""
        found = await self._threads.do(_look_up, host, port)
        for address in found:
            self._check(scheme, address)
        return found

    def _check(self, scheme: str, address: Address) -> None:
        if any(address in network for network in self._allowed):
            return
        if scheme != "https":
            raise ReachError("Only https is allowed there")
        if not is_public(address):
            raise ReachError("It is not a public address; PROCESSION_WEBHOOK_NETWORKS can allow it")


def is_public(address: Address) -> bool:
    """Whether anybody on the internet can be there, and nobody else."""
    if isinstance(address, IPv6Address) and (
        address.sixtofour
        or address.is_site_local
        or any(address in network for network in TRANSLATED)
    ):
        return False
    if any(address in network for network in RESERVED):
        return False
    never = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not never


def _look_up(host: str, port: int) -> list[Address]:
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [plain(ip_address(str(entry[4][0]).partition("%")[0])) for entry in entries]


def plain(address: Address) -> Address:
    """That of IPv4 which one of IPv6 contains, if it does."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
