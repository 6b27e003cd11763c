"""Names as certificates have them, and which of them no public authority vouches for.

A name is a host as a route's key has it: lower-case, an IDN as its A-label, "*.host" for one
label, an IPv6 address in brackets (but one without is understood too). No cryptography here:
commands that only look ask this.
"""

import ipaddress

__all__ = [
    "DOMAINS",
    "NETWORKS",
    "Address",
    "Network",
    "address_of",
    "bare",
    "is_local",
    "is_within",
    "normal",
    "shown",
]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

DOMAINS = ("localhost", "internal", "test", "home.arpa", "local")
"""With all below them. They can belong to nobody else: RFC 6761 (localhost, test), RFC 8375
(home.arpa), RFC 6762 (local), and ICANN's resolution of July 2024 (internal)."""

NETWORKS: tuple[Network, ...] = (
    ipaddress.IPv4Network("127.0.0.0/8"),
    ipaddress.IPv4Network("10.0.0.0/8"),
    ipaddress.IPv4Network("172.16.0.0/12"),
    ipaddress.IPv4Network("192.168.0.0/16"),
    ipaddress.IPv4Network("169.254.0.0/16"),
    ipaddress.IPv6Network("::1/128"),
    ipaddress.IPv6Network("fe80::/10"),
    ipaddress.IPv6Network("fc00::/7"),
)
"""Loopback, private (RFC 1918), link-local, and unique local (RFC 4193)."""


def address_of(name: str) -> Address | None:
    """The address that `name` is; None for a name."""
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def shown(address: Address) -> str:
    """An address as a name."""
    return f"[{address.compressed}]" if address.version == 6 else str(address)


def normal(name: str) -> str:
    """`name` in the form in which names are compared and kept."""
    address = address_of(name)
    return name.lower().removesuffix(".") if address is None else shown(address)


def bare(name: str) -> str:
    """`name` in lower case, without "*." before it and the dot after it."""
    return normal(name).removeprefix("*.")


def is_local(name: str) -> bool:
    """Whether the local authority is for it: no public one vouches for such a name, or it is an
    address. Whether its root permits it is another question: see is_within."""
    if address_of(name) is not None:
        return True
    host = bare(name)
    if not host or host == "*":
        return False
    return "." not in host or host.endswith(tuple(f".{domain}" for domain in DOMAINS))


def is_within(name: str, domains: tuple[str, ...], networks: tuple[Network, ...]) -> bool:
    """Whether `name` is one of `domains` or below one (RFC 5280 4.2.1.10), or in a network."""
    address = address_of(name)
    if address is not None:
        return any(address in network for network in networks)
    host = bare(name)
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)
