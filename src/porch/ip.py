"""IP addresses as the bytes that they are."""

import socket

__all__ = ["packed"]

_MAPPED = b"\0" * 10 + b"\xff\xff"


def packed(text: str) -> bytes | None:
    """The 4 or 16 bytes of an address, those of IPv4 for IPv4 within IPv6; None if it is none. One
    with a zone is none: that means something on one machine alone."""
    try:
        if ":" not in text:
            return socket.inet_pton(socket.AF_INET, text)
        found = socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):  # ValueError: a zero in it, or what is not ASCII
        return None
    return found[12:] if found.startswith(_MAPPED) else found
