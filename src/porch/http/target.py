"""Request targets and authorities, by grammar (RFC 9112 3.2, RFC 9110 7.2, RFC 3986 3.2)."""

import ipaddress
import re

from porch.errors import BadRequest

__all__ = ["check_authority", "known_authorities", "split_absolute"]

_AUTHORITY = re.compile(
    rb"(?:(?:[A-Za-z0-9_~-]+\.)*[A-Za-z0-9_~-]+\.?"
    rb"|\[(?:([0-9A-Fa-f:.]{2,45})|v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+)\])"
    rb"(?::([0-9]{0,5}))?\Z"
)
"""A name or an IP literal, and a port of digits. No user info: an http request has none. No
escapes either: `%62.test` would be another host to the router and `b.test` to an origin. And none
of what RFC 3986 3.2.2 has beside letters, digits, `-`, `_` and `~`, nor an empty label, which no
name has that anybody has registered: a comma parts hosts in X-Forwarded-Host, of which applications
take the first (Express, Werkzeug) or the last (Rails), and `;`, `&` and dots are left away."""

_REMEMBERED = 1024
known_authorities: set[bytes] = set()
"""Values that passed lately: asking here first saves the hot path a call."""


def check_authority(value: bytes) -> bytes:
    """`value` itself, if it is a host with or without a port; else BadRequest."""
    match = _AUTHORITY.match(value)
    if match is None or (match[2] and int(match[2]) > 65535) or len(value) > 260:
        raise BadRequest("Host is not a host name or address with or without a port")
    if match[1]:
        try:
            ipaddress.IPv6Address(match[1].decode())
        except ValueError:
            raise BadRequest("Host has no IPv6 address in its brackets") from None
    if len(known_authorities) >= _REMEMBERED:
        known_authorities.clear()
    known_authorities.add(value)
    return value


def split_absolute(target: bytes, method: bytes) -> tuple[bytes, bytes, bytes]:
    """(scheme, authority, origin-form) of an absolute-form target (RFC 9112 3.2.2).

    An empty path is "/", and "*" for OPTIONS (RFC 9112 3.2.4). Raises BadRequest.
    """
    scheme, colon, rest = target.partition(b"://")
    scheme = scheme.lower()
    if not colon or scheme not in (b"http", b"https"):
        raise BadRequest("the request target is neither a path nor an http URL")
    cut = _PATH_OR_QUERY.search(rest)
    authority = rest if cut is None else rest[: cut.start()]
    origin = b"" if cut is None else rest[cut.start() :]
    if not origin:
        origin = b"*" if method == b"OPTIONS" else b"/"
    elif origin.startswith(b"?"):
        origin = b"/" + origin
    return scheme, check_authority(authority), origin


_PATH_OR_QUERY = re.compile(rb"[/?]")
