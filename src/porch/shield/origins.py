"""Origins: where a page came from, as a browser says it, and sets of them (RFC 6454 6.1, 7).

A browser writes an origin in one way alone: lower-case, without the scheme's own port, without a
path. Whatever is written otherwise did not come from one and is in no set.
"""

import ipaddress
import re
from collections.abc import Iterable

from porch.http.message import RequestHead
from porch.route.host import parse_host

__all__ = ["NULL", "Origins", "is_own", "normal_origin", "origin_of", "parse_origin"]

NULL = b"null"
"""What a page without an origin says: a sandboxed frame, a file, what was redirected across
origins. Anybody can make such a page, so that it is nobody."""

_SCHEME = r"[a-z][a-z0-9+.-]{0,30}"
_ORIGIN = re.compile(
    rf"({_SCHEME})://(\[[0-9a-f:.]{{2,45}}\]|[a-z0-9_](?:[a-z0-9._-]{{0,251}}[a-z0-9_])?)"
    r"(?::([1-9][0-9]{0,4}))?\Z".encode()
)
_WRITTEN = re.compile(
    rf"(?P<scheme>{_SCHEME})://(?P<host>[^/?#\\@\s:\[]+|\[[^\]\s]*\])(?P<port>:.*)?\Z"
)
_OWN_PORT = {b"http": b"80", b"https": b"443"}
_LONGEST = 300

Parts = tuple[bytes, bytes, bytes]
"""Scheme, host and port; b"" for the scheme's own port, b"*" for any. A host that begins with a
dot stands for all below it."""


class Origins:
    """A set of origins. any: whether all are in it (`*`), `null` too.

    A look-up costs the same for ten as for ten thousand.
    """

    __slots__ = ("_exact", "_loose", "any")

    def __init__(self, written: Iterable[str]) -> None:
        """written: as parse_origin takes them, and `*`. Raises ValueError with a sentence."""
        exact: set[bytes] = set()
        loose: set[Parts] = set()
        self.any = False
        for text in written:
            if text == "*":
                self.any = True
                continue
            scheme, host, port = parse_origin(text)
            if host.startswith(b".") or port == b"*":
                loose.add((scheme, host, port))
            else:
                exact.add(_joined(scheme, host, port))
        self._exact = frozenset(exact)
        self._loose = frozenset(loose)

    def has(self, origin: bytes) -> bool:
        """Whether an origin, as it was sent, is in the set."""
        if origin in self._exact:
            return True
        if self.any:
            return origin != b""
        match = _ORIGIN.match(origin) if self._loose and len(origin) <= _LONGEST else None
        if match is None or b".." in match[2]:
            return False
        scheme, host, port = match[1], match[2], match[3] or b""
        if port == _OWN_PORT.get(scheme):  # no browser writes it
            return False
        if (scheme, host, b"*") in self._loose:
            return True
        while host and not host.startswith(b"["):
            host = host.partition(b".")[2]
            if not host:
                break
            below = b"." + host
            if (scheme, below, port) in self._loose or (scheme, below, b"*") in self._loose:
                return True
        return False


def parse_origin(text: str) -> Parts:
    """An origin of the configuration: "https://app.example.com", "https://*.example.com" for all
    below it, "http://localhost:*" for any port, "null". Raises ValueError with a sentence."""
    if text == "null":
        return NULL, b"", b""
    match = _WRITTEN.match(text.removesuffix("/").lower())
    if match is None:
        host = re.split(r"[/?#\\@\s]", text.rpartition("://")[2].rpartition("@")[2])[0]
        meant = f"https://{host or 'app.example.com'}"
        raise ValueError(
            f"'{text}' is not an origin, which is scheme, host and port alone: \"{meant}\""
        )
    named = match["host"]
    if named == "*":
        raise ValueError(f"'{text}' is every host; write \"*\", or the host")
    host = parse_host(named)
    scheme = match["scheme"].encode()
    port = (match["port"] or ":").encode()[1:]
    if not (port in (b"", b"*") or (port.isdigit() and port[:1] != b"0" and int(port) < 65536)):
        raise ValueError(f"'{text}' has no port; a port is 1 to 65535, or * for any")
    if host.startswith(b"*."):
        host = host[1:]
        if host.count(b".") < 2 and host != b".localhost":
            raise ValueError(f"'{text}' is all of a top-level domain, which is anybody's")
        if _is_address(host[1:]):
            raise ValueError(f"'{text}': nothing is below an address")
    return scheme, host, b"" if port == _OWN_PORT.get(scheme) else port


def normal_origin(text: str) -> bytes:
    """The one way in which a browser writes it; for one that stands for no others. Raises
    ValueError with a sentence."""
    scheme, host, port = parse_origin(text)
    if host.startswith(b".") or port == b"*":
        raise ValueError(f"'{text}' stands for many; name one")
    return _joined(scheme, host, port)


def origin_of(request: RequestHead) -> bytes | None:
    """What the request says of its origin; None if nothing. b"" where it says it more than once,
    which is in no set."""
    found: bytes | None = None
    for name, value in request.fields:
        if name == b"origin":
            if found is not None:
                return b""
            found = value
    return found


def is_own(origin: bytes, request: RequestHead, scheme: bytes) -> bool:
    """Whether the page is of the very host and port that the request is for. scheme: by which the
    client came.

    A page of plain HTTP is not of the same host by HTTPS: whoever stands between can make one. The
    other way round may be: who ends TLS before this door tells it nothing of it.
    """
    match = _ORIGIN.match(origin) if len(origin) <= _LONGEST else None
    if match is None or match[1] not in _OWN_PORT:
        return False
    if match[1] == b"http" and scheme == b"https":
        return False
    own = b":" + _OWN_PORT[match[1]]
    here = origin[len(match[1]) + 3 :]
    return here.removesuffix(own) == request.authority.lower().removesuffix(own) and here != b""


def _joined(scheme: bytes, host: bytes, port: bytes) -> bytes:
    if scheme == NULL:
        return NULL
    return b"%b://%b%b" % (scheme, host, b":" + port if port else b"")


def _is_address(host: bytes) -> bool:
    try:
        ipaddress.ip_address(host.decode())
    except ValueError:
        return False
    return True
