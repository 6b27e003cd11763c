"""Names: hosts, "*.host" and addresses, as certificates, stores and handshakes write them."""

import ipaddress

__all__ = ["alpn_name", "canonical", "is_address", "stored"]


def is_address(name: str) -> bool:
    """Whether it is an IP address (RFC 8738), not a host name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def canonical(name: str) -> str:
    """The one way to write it: lower-case, without a dot at its end, an address as RFC 5952."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower().rstrip(".")


def alpn_name(name: str) -> str:
    """What an authority writes into SNI: the name, or in-addr.arpa for an address (RFC 8738 6)."""
    if is_address(name):
        return ipaddress.ip_address(name).reverse_pointer
    return canonical(name)


def stored(name: str) -> str:
    """As part of a name in a store: neither "*" nor ":" is welcome in all of them."""
    return canonical(name).replace("*", "_").replace(":", "-")
