"""Addresses of origins in the fields of an answer, and what stands there for the public.

Pure functions over bytes. What leads elsewhere is left, but for what its query tells: whether a
host is another's is not known here.
"""

import ipaddress
import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

__all__ = ["AddressIn", "Own", "authorities", "own_of"]

_URL = re.compile(rb"(?:https?:)?[/\\]{2,}([^/?#\\]*)", re.IGNORECASE)
_AROUND = bytes(range(0x21))
"""What browsers drop at both ends of a URL; tabs and ends of lines they drop within it too (WHATWG
URL 4.4), so that `/<tab>/host` is another host's."""
_WITHIN = b"\t\n\r"
_STRING = rb'"((?:[^"\\]|\\.)*+)(?:"|(.?\Z))'
_IN_LINK = re.compile(rb"<([^>]*+)(?:>|(\Z))|" + _STRING)
_IN_QUOTES = re.compile(_STRING)
"""What is not ended is found up to the end, and left: to look for a next beginning within it would
take the square of its length."""
_ESCAPED = re.compile(rb"(?<!\\)\\/")
"""A slash as some write it in JSON (RFC 8259 7)."""
_QUERY = re.compile(rb"[?#]")
_DEEPEST = 4
"""How often over what stands in a query is escaped: a URL in a URL in a URL."""
_ESCAPE = rb"%(?:25){0,3}"
_AUTHORITY = rb"((?:[^\x00- /\\?#&=;%%\"'<>]|%b(?:3a|5b|5d))+)" % _ESCAPE
_TOLD = re.compile(
    rb"https?(:|%b3a)((?:/|%b2f){2})%b|(?<==)%b(?=[&;#]|\Z)"
    % (_ESCAPE, _ESCAPE, _AUTHORITY, _AUTHORITY),
    re.IGNORECASE,
)
"""A URL, or an authority that is all of a parameter, in a query or behind it."""
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


class Own(NamedTuple):
    """authorities: of origins, lower-case. hosts: of them."""

    authorities: frozenset[bytes]
    hosts: frozenset[bytes]


def own_of(names: Iterable[bytes]) -> Own:
    """names: authorities of origins, lower-case."""
    found = frozenset(names)
    return Own(found, frozenset(map(_host, found)))


class AddressIn:
    """own: of origins. public: scheme and authority by which the client has asked. sent: the
    authority that the origin was asked for, lower-case, where it is another; b"" else."""

    __slots__ = ("_own", "_public", "_scheme", "_sent")

    def __init__(self, own: Own, public: tuple[bytes, bytes], sent: bytes = b"") -> None:
        self._own = own
        self._scheme, self._public = public
        self._sent = sent

    def in_url(self, value: bytes) -> bytes:
        """A URL. One of the origin becomes a path, which leads to whatever scheme and host the
        client has asked, and stays on it: one that began with `//` would name a host."""
        read = value.translate(None, _WITHIN).strip(_AROUND)
        url = _URL.match(read)
        if url is None or not self._is_own(url[1].strip(_AROUND)):
            return self._in_query(value)
        rest = self._in_query(read[url.end() :])
        if rest[:1] not in (b"/", b"\\"):
            rest = b"/" + rest
        return b"//" + self._public + rest if rest[1:2] in (b"/", b"\\") else rest

    def in_link(self, value: bytes) -> bytes:
        """The targets of a Link, and its parameters in quotes, as `anchor` (RFC 8288 3)."""

        def public(found: re.Match[bytes]) -> bytes:
            url, open_url, text, open_text = found.groups()
            if open_url is not None or open_text is not None:
                return found[0]
            return b'"%b"' % self._in_string(text) if url is None else b"<%b>" % self.in_url(url)

        return _IN_LINK.sub(public, value)

    def in_strings(self, value: bytes) -> bytes:
        """All that stands in quotes: in JSON, as Report-To and NEL are, or in a structured field,
        as Reporting-Endpoints is (RFC 9651 3.3.3)."""
        read = _ESCAPED.sub(b"/", value)

        def public(found: re.Match[bytes]) -> bytes:
            return found[0] if found[2] is not None else b'"%b"' % self._in_string(found[1])

        found = _IN_QUOTES.sub(public, read)
        return value if found == read else found

    def in_refresh(self, value: bytes) -> bytes:
        """The URL of a Refresh, `5; url=http://…`."""
        read = value.translate(None, _WITHIN)
        found = _REFRESH.match(read)
        if found is None:
            return self._in_query(value)
        return found[1] + self.in_url(read[found.end() :])

    def in_cookie(self, value: bytes) -> bytes:
        """A Set-Cookie without a Domain that is the origin's, which no browser would take from
        here: it is of the host that was asked then."""

        def domain(found: re.Match[bytes]) -> bytes:
            return b"" if self._has_host(found[1].lower()) else found[0]

        return _DOMAIN.sub(domain, value)

    def _in_string(self, text: bytes) -> bytes:
        """A URL, or the name of an endpoint: of a group of reports, which another field has too."""
        return self._public if self._is_endpoint(text) else self.in_url(text)

    def _in_query(self, value: bytes) -> bytes:
        """A URL as it is, but for what it tells behind its path: to where somebody comes back, most
        often. That stays a URL, of the host that was asked for."""
        start = _QUERY.search(value)
        if start is None:
            return value
        return value[: start.start()] + _TOLD.sub(self._told, value[start.start() :])

    def _told(self, found: re.Match[bytes]) -> bytes:
        colon, slashes, authority, alone = found.groups()
        if alone is not None:
            depth = 1 if b"%" in alone else 0
            return self._escaped(depth) if self._is_endpoint(_plain(alone)) else found[0]
        if not self._is_own(_plain(authority)):
            return found[0]
        depth = 0 if colon == b":" else 1 + colon.count(b"25")
        return self._scheme + colon + slashes + self._escaped(depth)

    def _escaped(self, depth: int) -> bytes:
        text = self._public
        for _ in range(depth):
            text = quote_from_bytes(text, safe="").encode()
        return text

    def _is_own(self, authority: bytes) -> bool:
        read = authority.rpartition(b"@")[2].lower()
        return read in self._own.authorities or (read == self._sent and read != b"")

    def _is_endpoint(self, text: bytes) -> bool:
        """Without a port it is a word that may have another meaning."""
        return b":" in text and self._is_own(text)

    def _has_host(self, host: bytes) -> bool:
        return host != b"" and (host in self._own.hosts or host == _host(self._sent))


def _plain(text: bytes) -> bytes:
    for _ in range(_DEEPEST if b"%" in text else 0):
        text = unquote_to_bytes(text)
    return text


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
