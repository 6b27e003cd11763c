"""Internal routes: what no client can ask for, and an origin may have sent to one.

An origin that answers with `X-Accel-Redirect: /protected/a.pdf` (nginx), or with `X-Sendfile:
/srv/files/a.pdf` (Apache, lighttpd), has decided who may have it; the door sends it, with ranges
and conditions, and keeps no process of the origin busy. Internal routes are in a router of their
own, which no request of a client is looked up in.
"""

import re
from collections.abc import Callable, Sequence
from typing import ClassVar, Literal
from urllib.parse import quote

from porch.errors import NoRoute, PorchError
from porch.exchange import Exchange
from porch.filter import SUSPEND, Filter, Response, Suspend
from porch.http.message import Field, RequestHead
from porch.keeper import Security
from porch.route.paths import climbs
from porch.route.route import Route
from porch.shield.inside import Inside, depth_of

__all__ = [
    "MOST",
    "Find",
    "Hidden",
    "InternalLoop",
    "InternalUnknown",
    "SendInternal",
    "StripInternal",
    "file_target",
]

MOST = 5
"""Internal routes that may send on to one another for one request."""
Find = Callable[[RequestHead, bytes, Security | None], Route | None]
"""(a request, the client's address, the security of its connection) -> the internal route."""

_REDIRECT, _FILE = b"x-accel-redirect", b"x-sendfile"
_NOT_VISIBLE = re.compile(rb"[^!-~]|[#\\]")
_FILE_SAFE = "/!$&'()*+,;=:@-._~"


class InternalUnknown(PorchError):
    """An origin has sent to an internal route that there is not."""

    word = "internal_redirect_unknown"
    status = 502
    source: ClassVar[Literal["upstream"]] = "upstream"
    sentence = "The origin sent to an internal route that there is not; add one (internal = true)."


class InternalLoop(PorchError):
    """Internal routes send to one another without end."""

    word = "proxy_loop_detected"
    status = 502
    source: ClassVar[Literal["upstream"]] = "upstream"
    sentence = "Internal routes send on to one another; let the last of them answer."


class Hidden(Filter):
    """What a client finds in place of an internal route: nothing, as behind any path without a
    route."""

    __slots__ = ()

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        raise NoRoute(exchange.request.authority.decode("latin-1"))


class StripInternal(Filter):
    """Takes off answers what was for the door alone: paths inside, and how to send them."""

    __slots__ = ()

    def on_response(self, exchange: Exchange) -> None:
        """See Filter."""
        response = exchange.response
        assert response is not None
        for name, _ in response.fields:
            if name[:2] == b"x-" and _is_internal(name):
                response.fields = [each for each in response.fields if not _is_internal(each[0])]
                return


class SendInternal(StripInternal):
    """Has an internal route answer where the origin says so.

    roots: folders of internal routes to `file:`, each with the path of its route, the longest
    first.
    """

    __slots__ = ("_find", "_roots", "_running")

    def __init__(self, find: Find, roots: Sequence[tuple[bytes, bytes]] = ()) -> None:
        self._find = find
        self._roots = roots
        self._running: dict[Exchange, Inside] = {}

    def on_upstream_response(self, exchange: Exchange) -> Response | Suspend | None:
        """See Filter."""
        response = exchange.response
        assert response is not None
        target = self._target(response.fields)
        if target is None or exchange.request.upgrade is not None:
            return None
        if depth_of(exchange) >= MOST:
            raise InternalLoop(f"{MOST} of them, the last to {_shown(target)}")
        route = self._route(exchange, target)
        inside = Inside(exchange, response, route, target)
        answer = inside.start()
        self._running[exchange] = inside
        return SUSPEND if answer is None else answer

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        inside = self._running.pop(exchange, None)
        if inside is not None:
            inside.leave()

    def described(self) -> list[str]:
        """What it does, in words."""
        return ["what the origin answers may be an internal route (X-Accel-Redirect, X-Sendfile)"]

    def _target(self, fields: list[Field]) -> bytes | None:
        """The path inside; None where the origin answers itself. Raises InternalUnknown."""
        said = [value for name, value in fields if name == _REDIRECT]
        if said:
            if len(said) > 1 or said[0][:1] != b"/" or said[0][:2] == b"//":
                raise InternalUnknown(f"X-Accel-Redirect is no path: {_shown(said[0])}")
            return _NOT_VISIBLE.sub(lambda found: b"%%%02X" % found[0][0], said[0])
        files = [value for name, value in fields if name == _FILE]
        if not files:
            return None
        target = file_target(files[0], self._roots) if len(files) == 1 else None
        if target is None:
            raise InternalUnknown(f"X-Sendfile is in no folder of one: {_shown(files[0])}")
        return target

    def _route(self, exchange: Exchange, target: bytes) -> Route:
        request = exchange.request
        route: Route | None = None
        if not climbs(target.partition(b"?")[0]):
            head = RequestHead(b"GET", target, request.authority, request.scheme, request.fields)
            try:
                route = self._find(head, exchange.client_ip, exchange.client.security)
            except PorchError as error:
                raise InternalUnknown(f"{_shown(target)}: {error.detail}") from None
        if route is None:
            raise InternalUnknown(f"nothing is at {_shown(target)}")
        return route


def file_target(file: bytes, roots: Sequence[tuple[bytes, bytes]]) -> bytes | None:
    """The path of an internal route for a file in one of its folders; None if it is in none."""
    if b".." in file.split(b"/"):
        return None
    for root, path in roots:
        if file.startswith(root + b"/"):
            return path + quote(file[len(root) :], safe=_FILE_SAFE).encode()
    return None


def _is_internal(name: bytes) -> bool:
    return name[:8] == b"x-accel-" or name == _FILE


def _shown(target: bytes) -> str:
    return ascii(target[:200].decode("latin-1"))
