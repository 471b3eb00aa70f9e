"""Networks: from where people ask, as far as they cannot choose it."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from jobs.reach import plain


def network_of(address: str) -> str:
    """Of IPv4 the address, of IPv6 the whole network, which one person has for themselves."""
    try:
        parsed = plain(ip_address(address))
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((int(parsed), 64), strict=False))
    return str(parsed)
