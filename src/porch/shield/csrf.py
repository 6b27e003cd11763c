"""CSRF: what changes something is not taken from pages of other sites.

A browser says with each request where the page stands that made it (Sec-Fetch-Site, Fetch Metadata
2.4), and before that said it with Origin. No token and no cookie is needed, and nothing of the
application. Who says neither is no browser of this decade, and has no cookies of a victim to abuse.
"""

from typing import ClassVar, Literal

from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Filter
from porch.route.scheme import Trusts, client_scheme
from porch.shield.origins import Origins, is_own, origin_of

__all__ = ["SAFE", "CrossSite", "CrossSiteRefused"]

SAFE = frozenset((b"GET", b"HEAD", b"OPTIONS"))
"""They change nothing (RFC 9110 9.2.1), or the application has a defect of its own."""
_OWN = frozenset((b"same-origin", b"none"))
"""Sec-Fetch-Site: a page of this very origin, or no page: the user himself."""


class CrossSiteRefused(PorchError):
    """A request that may change something, of a page of another site."""

    word = "http_request_denied"
    status = 403
    source: ClassVar[Literal["client"]] = "client"
    sentence = "A page of another site sent it; `csrf` of the route names origins that may."


class CrossSite(Filter):
    """Answers 403 to unsafe requests, and handshakes of WebSocket, that pages of other sites make.

    A handshake is a GET, but what follows is not, and no CORS is between.
    """

    __slots__ = ("_trusted", "_trusts", "_websocket")

    def __init__(
        self,
        trusted: Origins,
        *,
        websocket: bool = True,
        trusts: Trusts = None,
    ) -> None:
        """trusted: origins. trusts: proxies, see client_scheme."""
        self._trusted = trusted
        self._trusts = trusts
        self._websocket = websocket

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        request = exchange.request
        if request.method in SAFE and not (self._websocket and request.upgrade == b"websocket"):
            return
        why = self._why(exchange)
        if why:
            raise CrossSiteRefused(why)

    def described(self) -> list[str]:
        """What it does, in words."""
        return ["requests that change something are refused to pages of other sites"]

    def _why(self, exchange: Exchange) -> str:
        """Why it is refused; "" if it is not."""
        request = exchange.request
        sites = [value for name, value in request.fields if name == b"sec-fetch-site"]
        origin = origin_of(request)
        if len(sites) > 1 or origin == b"":
            return "it says more than once where it comes from, or not at all"
        if origin is not None and self._trusted.has(origin):
            return ""
        if sites:
            if sites[0] in _OWN:
                return ""
            return f"Sec-Fetch-Site: {sites[0][:40].decode('latin-1')!a}"
        if origin is None:
            return ""
        if is_own(origin, request, client_scheme(request, exchange.client.peer, self._trusts)):
            return ""
        return f"Origin: {origin[:200].decode('latin-1')!a}"
