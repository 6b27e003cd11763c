"""Redirects made at the door (RFC 9110 15.4)."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from porch.exchange import Exchange
from porch.filter import Filter, Response
from porch.http.message import Field, RequestHead
from porch.route.scheme import Trusts, client_scheme, tells_of_scheme, tells_scheme

__all__ = ["HttpsRedirect", "Redirect"]

_SLOT = re.compile(r"\{(\w+)\}")
_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
"""How a template begins that names a host. Another stays on the host that was asked."""
_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
_PRIVATE: Field = (b"cache-control", b"private")


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
    """Sends who came by plain HTTP to the same URL over HTTPS, with 308 so that a POST stays one.

    Where a trusted proxy tells by what its client came, HTTPS is the proxy's too: at its own port,
    not at this door's, and no cache there may answer with a redirect whoever comes by HTTPS.
    """

    __slots__ = ("_is_there", "_port", "_trusts", "_warn")

    def __init__(
        self,
        port: int,
        is_there: Callable[[], bool] | None = None,
        trusts: Trusts = None,
        warn: Callable[[str, str], None] = lambda text, about: None,
    ) -> None:
        """port: of the HTTPS listener. is_there: whether the host has its certificate by now.
        trusts: see client_scheme. warn: tells the operator, see Messages.warn."""
        self._port = b"" if port == 443 else b":%d" % port
        self._is_there = is_there
        self._trusts = trusts
        self._warn = warn

    def on_request(self, exchange: Exchange) -> Response | None:
        """See Filter."""
        request, peer = exchange.request, exchange.client.peer
        if client_scheme(request, peer, self._trusts) == b"https" or request.target == b"*":
            return None
        if self._is_there is not None and not self._is_there():
            return None
        host, port = host_of(request.authority), self._port
        fields: list[Field] = []
        told = tells_scheme(request)
        if self._trusts is not None and self._trusts(peer):
            if told is not None:
                port, fields = b"", [_PRIVATE]
            elif tells_of_scheme(request) is not None:
                self._warn_of_riddle(host, peer)
        elif told == b"https":
            self._warn_of_loop(host, peer)
        location = b"https://%b%b%b" % (host, port, request.target)
        return Response(308, [(b"location", location), *fields])

    def _warn_of_loop(self, host: bytes, peer: bytes) -> None:
        """A browser behind such a proxy is sent where it is, until it gives up. Whoever writes the
        field himself fools nobody else: it is said once a minute."""
        what = "says that its client came by HTTPS (X-Forwarded-Proto) and is redirected to HTTPS"
        text = (
            f"{peer.decode('latin-1')} {what}, at {host.decode('latin-1')}: if it is a proxy of "
            "yours, name it in `trust`, or browsers go round in a loop"
        )
        self._warn(text, what)

    def _warn_of_riddle(self, host: bytes, peer: bytes) -> None:
        """What a trusted proxy says counts for nothing: its client is redirected to HTTPS again and
        again, if it came by that."""
        what = "does not tell in X-Forwarded-Proto by what its client came: neither `http` nor "
        what += "`https`, or both"
        text = (
            f"{peer.decode('latin-1')}, which is in `trust`, {what}. The client is redirected "
            f"to HTTPS, at {host.decode('latin-1')}: have the proxy set the field in place of what "
            "came, or browsers go round in a loop"
        )
        self._warn(text, what)


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
