"""What a request that changes something makes of the answers that are kept (RFC 9111 4.4)."""

from urllib.parse import urljoin, urlsplit

from porch.cache.key import KeyRules, host, target, url
from porch.http.message import Field, RequestHead

__all__ = ["SAFE", "invalidated", "resolved"]

SAFE = frozenset(
    (b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"QUERY", b"PRI", b"PROPFIND", b"REPORT", b"SEARCH")
)
"""The methods that are registered as safe (RFC 9110 16.1.1). Of all others it is not known."""

_NAMED = (b"location", b"content-location")
_AS_IS = KeyRules()


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
    base = url(request).decode("latin-1")
    try:
        parts = urlsplit(urljoin(base, reference.decode("latin-1")))
    except ValueError:  # brackets that are no address
        return None
    scheme = parts.scheme.encode("latin-1")
    if scheme not in (b"http", b"https"):
        return None
    theirs = host(scheme, parts.netloc.encode("latin-1"))
    ours = host(request.scheme, request.authority)
    if theirs != ours:
        return None
    path = parts.path.encode("latin-1") or b"/"
    query = b"?" + parts.query.encode("latin-1") if parts.query else b""
    return request.scheme + b"://" + ours + target(path + query, _AS_IS)
