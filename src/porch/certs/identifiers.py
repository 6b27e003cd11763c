"""Identifiers (RFC 8555 9.7.7): hosts, "*.host" and addresses, as an authority has them.

Elsewhere an IPv6 address may stand in brackets; here it never does.
"""

from porch.certs.names import address_of, normal

__all__ = ["alpn_name", "canonical", "is_address", "stored"]


def is_address(name: str) -> bool:
    """Whether it is an IP address (RFC 8738), not a host name."""
    return address_of(name) is not None


def canonical(name: str) -> str:
    """As `normal` has it, but for the brackets of an IPv6 address."""
    return normal(name).removeprefix("[").removesuffix("]")


def alpn_name(name: str) -> str:
    """What an authority writes into SNI: the name, or in-addr.arpa for an address (RFC 8738 6)."""
    address = address_of(name)
    return canonical(name) if address is None else address.reverse_pointer


def stored(name: str) -> str:
    """As part of a name in a store: neither "*" nor ":" is welcome in all of them."""
    return canonical(name).replace("*", "_").replace(":", "-")
