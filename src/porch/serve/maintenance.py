"""Maintenance: a route that is closed on purpose, but for those who work on it."""

from collections.abc import Callable

from porch import errors
from porch.exchange import Exchange
from porch.filter import Filter, Response
from porch.route.condition import Network, Networks

__all__ = ["Maintenance"]


class Maintenance(Filter):
    """Answers 503 with Retry-After (RFC 9110 10.2.3) to all but some networks.

    allow: who is let through, by the address after `trust`. left: seconds until a client should
    come again, asked each time.
    """

    __slots__ = ("_allowed", "_left", "_page", "allow")

    def __init__(
        self, left: Callable[[], float], page: bytes | None = None, allow: tuple[Network, ...] = ()
    ) -> None:
        """page: HTML; None for the door's own error page."""
        self.allow = allow
        self._allowed = Networks(allow)
        self._left = left
        self._page = page

    def on_request(self, exchange: Exchange) -> Response | None:
        """See Filter."""
        if self.allow and self._allowed[exchange.client_ip]:
            return None
        seconds = max(1, round(self._left()))
        error = errors.Maintenance()
        error.retry_after = seconds
        if self._page is None:
            raise error
        exchange.error = error  # for the log
        fields = (
            (b"content-type", b"text/html; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"retry-after", b"%d" % seconds),
        )
        return Response(503, fields, self._page)
