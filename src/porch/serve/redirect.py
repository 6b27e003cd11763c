"""Redirects made at the door (RFC 9110 15.4)."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from porch.exchange import Exchange
from porch.filter import Filter, Response
from porch.http.message import RequestHead

__all__ = ["HttpsRedirect", "Redirect"]

_SLOT = re.compile(r"\{(\w+)\}")
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
"""How a template begins that names a host. Another stays on the host that was asked."""
_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))


class Redirect(Filter):
    """Sends the client elsewhere.

    location: a URL; `{path}` stands for path and query as they came, `{host}` for the host,
    `{port}` for `:8080` if a port was asked for, and the groups of the route's regex for what they
    caught.
    """

    __slots__ = ("_location", "_pattern", "_status")

    def __init__(
        self, location: str, status: int = 308, pattern: "re.Pattern[bytes] | None" = None
    ) -> None:
        """pattern: the route's regex over the path, where it has one."""
        self._location = quote(location, safe=_VISIBLE)
        self._status = status
        self._pattern = pattern

    def on_request(self, exchange: Exchange) -> Response:
        """See Filter."""
        location = fill(self._location, exchange.request, self._pattern)
        return Response(self._status, ((b"location", location),))


class HttpsRedirect(Filter):
    """Sends plain requests to the same URL over HTTPS, with 308 so that a POST stays one."""

    __slots__ = ("_is_there", "_port")

    def __init__(self, port: int, is_there: Callable[[], bool] | None = None) -> None:
        """port: of the HTTPS listener. is_there: whether the host has its certificate by now."""
        self._port = b"" if port == 443 else b":%d" % port
        self._is_there = is_there

    def on_request(self, exchange: Exchange) -> Response | None:
        """See Filter."""
        request = exchange.request
        if request.scheme == b"https" or request.target == b"*":
            return None
        if self._is_there is not None and not self._is_there():
            return None
        host = host_of(request.authority)
        location = b"https://%b%b%b" % (host, self._port, request.target)
        return Response(308, ((b"location", location),))


def host_of(authority: bytes) -> bytes:
    """The host of an authority, without its port."""
    if authority.startswith(b"["):
        return authority.partition(b"]")[0] + b"]"
    return authority.partition(b":")[0]


def fill(template: str, request: RequestHead, pattern: "re.Pattern[bytes] | None") -> bytes:
    """The location for a request. What the client sent is ASCII and has no control characters:
    the codec saw to that, so nothing can be smuggled into the field."""
    target = b"/" if request.target == b"*" else request.target
    path = target.partition(b"?")[0]
    host = host_of(request.authority)
    known: Mapping[str, bytes | None] = {
        "path": target,
        "host": host,
        "port": request.authority[len(host) :],
    }
    match = pattern.match(path) if pattern is not None else None
    caught = match.groupdict() if match is not None else {}
    numbered = match.groups() if match is not None else ()

    def value(slot: re.Match[str]) -> str:
        name = slot[1]
        if name.isdigit() and 0 < int(name) <= len(numbered):
            found = numbered[int(name) - 1]
        else:
            found = caught.get(name, known.get(name))
        text = (found or b"").decode("latin-1")
        joined = text.startswith("/") and template[: slot.start()].endswith("/")
        return text[1:] if joined else text

    location = _SLOT.sub(value, template)
    if location.startswith(("/", "\\")) and not _ELSEWHERE.match(template):
        # "//b.test" and "/\b.test" are other hosts to a browser; what was asked for chose them.
        location = "/" + location.lstrip("/\\")
    return location.encode("latin-1")
