"""An origin's own address in the fields of an answer, and what stands there for the public.

Pure functions over bytes. What leads elsewhere is left: whether a host is another's is not known
here.
"""

import ipaddress
import re

__all__ = ["AddressIn", "authorities"]

_URL = re.compile(rb"(?:https?:)?[/\\]{2,}([^/?#\\]*)", re.IGNORECASE)
_AROUND = bytes(range(0x21))
"""What browsers drop at both ends of a URL; tabs and ends of lines they drop within it too (WHATWG
URL 4.4), so that `/<tab>/host` is another host's."""
_WITHIN = b"\t\n\r"
_IN_LINK = re.compile(rb"<([^>]*)>")
_REFRESH = re.compile(
    rb"(.*?[;,][ \t]*(?:url[ \t]*=[ \t]*)?['\"]?)(?=(?:https?:)?//)", re.IGNORECASE
)
_DOMAIN = re.compile(rb";[ \t]*domain[ \t]*=[ \t]*\.?([^; \t]*)[ \t]*(?=;|\Z)", re.IGNORECASE)
_LOCAL = (b"localhost", b"127.0.0.1", b"[::1]")
_DEFAULT_PORTS = (b"80", b"443")


def authorities(endpoint: str) -> frozenset[bytes]:
    """How an endpoint, "10.0.0.1:8000", is written in URLs. A port of a scheme's own may be left
    out; this machine has several names. None of a Unix socket."""
    if endpoint.startswith("unix:"):
        return frozenset()
    name = endpoint.rpartition("://")[2].lower().encode("ascii", "replace")
    host, colon, port = name.rpartition(b":")
    if not colon or not port.isdigit():
        host, port = name, b"443"
    hosts = _LOCAL if _is_local(host) else (host,)
    found = {each + b":" + port for each in hosts}
    if port in _DEFAULT_PORTS:
        found.update(hosts)
    return frozenset(found)


class AddressIn:
    """own: authorities of the origin, lower-case. public: the authority that was asked for."""

    __slots__ = ("_own", "_public")

    def __init__(self, own: frozenset[bytes], public: bytes) -> None:
        self._own = own
        self._public = public

    def in_url(self, value: bytes) -> bytes:
        """A URL. One of the origin becomes a path, which leads to whatever scheme and host the
        client has asked, and stays on it: one that began with `//` would name a host."""
        read = value.translate(None, _WITHIN).strip(_AROUND)
        url = _URL.match(read)
        if url is None or url[1].rpartition(b"@")[2].strip(_AROUND).lower() not in self._own:
            return value
        rest = read[url.end() :]
        if rest[:1] not in (b"/", b"\\"):
            rest = b"/" + rest
        return b"//" + self._public + rest if rest[1:2] in (b"/", b"\\") else rest

    def in_link(self, value: bytes) -> bytes:
        """The targets of a Link (RFC 8288 3)."""
        return _IN_LINK.sub(lambda found: b"<" + self.in_url(found[1]) + b">", value)

    def in_refresh(self, value: bytes) -> bytes:
        """The URL of a Refresh, `5; url=http://…`."""
        read = value.translate(None, _WITHIN)
        found = _REFRESH.match(read)
        if found is None:
            return value
        return found[1] + self.in_url(read[found.end() :])

    def in_cookie(self, value: bytes) -> bytes:
        """A Set-Cookie without a Domain that is the origin's, which no browser would take from
        here: it is of the host that was asked then."""

        def domain(found: re.Match[bytes]) -> bytes:
            return b"" if self._has_host(found[1].lower()) else found[0]

        return _DOMAIN.sub(domain, value)

    def _has_host(self, host: bytes) -> bool:
        return host != b"" and any(_host(each) == host for each in self._own)


def _host(authority: bytes) -> bytes:
    host, colon, port = authority.rpartition(b":")
    return host if colon and port.isdigit() else authority


def _is_local(host: bytes) -> bool:
    if host in _LOCAL:
        return True
    try:
        return ipaddress.ip_address(host.strip(b"[]").decode()).is_loopback
    except ValueError:
        return False
