"""Hosts: as a key names them and as a request does, in one normal form.

Lower-case, without port, without the trailing dot; an IDN as its A-label (RFC 5890 2.3.2.1), an
IPv6 address in brackets and compressed (RFC 5952).
"""

import ipaddress
import re

__all__ = ["normal_host", "parse_host"]

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\Z")
_PORT = re.compile(r"(.*):[0-9*]*\Z")
_LONGEST = 253
_DEVIATIONS = "\u00df\u03c2\u200c\u200d"
"""Mapped away by IDNA 2003 and kept by IDNA 2008 (RFC 5894 7.2): so that browsers
disagree about the name."""


def normal_host(authority: bytes) -> bytes:
    """The host of a request's authority, whose grammar was checked; b"" for none."""
    host = authority.lower()
    if host.startswith(b"["):
        literal = host[1:].partition(b"]")[0].decode("ascii")
        try:
            return _brackets(ipaddress.IPv6Address(literal).compressed)
        except ValueError:  # an IPvFuture, or no address: no key is like it
            return _brackets(literal)
    return host.partition(b":")[0].removesuffix(b".")


def parse_host(text: str) -> bytes:
    """The host of a key: a name, an address, `*.name` or `*`.

    Raises ValueError with one sentence.
    """
    if text == "*":
        return b"*"
    port = _PORT.match(text)
    if port and (":" not in port[1] or port[1].endswith("]")):
        raise ValueError(f"a key names no port, `listen` does; write '{port[1] or '*'}'")
    if text.startswith("["):
        return _parse_ipv6(text)
    if text.count(":") > 1:
        raise ValueError(f"an IPv6 address stands in brackets; write '[{text}]'")
    wildcard = text.startswith("*.")
    name = _to_ascii(text[2:] if wildcard else text).removesuffix(".")
    if "*" in name:
        raise ValueError(f"in the host '{text}' a * can only be the whole first label, '*.a.test'")
    if not _NAME.match(name) or len(name) > _LONGEST:
        raise ValueError(f"'{text}' is not a host name, an address, '*.name' or '*'")
    return b"*." * wildcard + name.encode("ascii")


def _to_ascii(name: str) -> str:
    if name.isascii():
        return name.lower()
    if any(character in _DEVIATIONS for character in name):
        raise ValueError(f"'{name}' is read in two ways by browsers; write the form with xn--")
    try:
        return name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise ValueError(f"'{name}' is not a valid international host name") from None


def _parse_ipv6(text: str) -> bytes:
    try:
        if not text.endswith("]"):
            raise ValueError
        return _brackets(ipaddress.IPv6Address(text[1:-1]).compressed)
    except ValueError:
        raise ValueError(f"'{text}' is not an IPv6 address in brackets, like [::1]") from None


def _brackets(literal: str) -> bytes:
    return f"[{literal}]".encode("ascii")
