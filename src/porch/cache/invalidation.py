"""What a request that changes something makes of the answers that are kept (RFC 9111 4.4)."""

import re

from porch.cache.key import KeyRules, host, target, url
from porch.http.message import Field, RequestHead
from porch.route.paths import without_dots

__all__ = ["SAFE", "invalidated", "resolved"]

SAFE = frozenset(
    (b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"QUERY", b"PRI", b"PROPFIND", b"REPORT", b"SEARCH")
)
"""The methods that are registered as safe (RFC 9110 16.1.1). Of all others it is not known."""

_NAMED = (b"location", b"content-location")
_AS_IS = KeyRules()
_REFERENCE = re.compile(
    rb"(?:([A-Za-z][A-Za-z0-9+.\-]*):)?(?://([^/?#]*))?([^?#]*)(\?[^#]*)?(?:#.*)?", re.DOTALL
)
"""Scheme, authority, path and query (RFC 3986 B). One without an authority is relative, whatever
its scheme (5.2.2, as in older ones)."""


def invalidated(request: RequestHead, status: int, fields: list[Field]) -> list[bytes]:
    """The URLs (as Entry.url) of which nothing may be used again without being asked about.

    Those of the request and, if they are of the same origin, of Location and Content-Location,
    when a method that is not known to be safe had an answer that is no error. Empty otherwise.
    A key begins with its URL, then a space or nothing: so all methods and variants of it go.
    """
    if request.method in SAFE or not 200 <= status < 400:
        return []
    urls = {url(request): None}
    for name, value in fields:
        if name in _NAMED and (found := resolved(value, request)) is not None:
            urls[found] = None
    return list(urls)


def resolved(reference: bytes, request: RequestHead) -> bytes | None:
    """The URL that a Location or Content-Location means (RFC 3986 5.2), as Entry.url; None where
    it is of another origin.

    `http` and `https` of one host and port are one origin here, with the scheme of the request:
    origins behind a door that ends TLS do not know what clients call them.
    """
    found = _REFERENCE.fullmatch(reference.translate(None, b"\t"))
    if found is None:
        return None
    scheme, authority, path, query = found[1], found[2], found[3], found[4]
    ours = host(request.scheme, request.authority)
    if scheme is not None and scheme.lower() not in (b"http", b"https"):
        return None
    if authority is not None:
        theirs = request.scheme if scheme is None else scheme.lower()
        if host(theirs, authority) != ours:
            return None
        path = without_dots(path or b"/")
    else:
        base, mark, rest = target(request.target, _AS_IS).partition(b"?")
        if path:
            path = without_dots(path if path[:1] == b"/" else base[: base.rindex(b"/") + 1] + path)
        else:
            path = base
            query = mark + rest if query is None else query
    # An empty query, `;` and `//` stay: they are another path, and another key.
    return request.scheme + b"://" + ours + target(path + (query or b""), _AS_IS)
