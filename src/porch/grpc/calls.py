"""Calls: gRPC on a route whose origins may speak HTTP/2.

A call is a POST with a content-type of gRPC; every other request of such a route pays 0.2 us in
all. What a call is answered with when it fails at the door is in http/grpc.py and
observe/error_page.py.
"""

from dataclasses import replace
from functools import partial

from porch import clock
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.grpc import (
    GRPC,
    CallFailed,
    DeadlineExceeded,
    call_kind,
    call_timeout,
    error_fields,
    name_of,
    spell_timeout,
    stands_for,
    unquote_message,
)
from porch.http.message import Trailers
from porch.keeper import Timer
from porch.route.route import Timeouts

__all__ = ["LONGEST", "NOTICEABLE", "Calls"]

LONGEST = 86400.0
"""Seconds: who waits for a day waits for ever, without a timer."""
NOTICEABLE = 0.01
"""Seconds that may have passed until the origin is told a shorter deadline than the client said:
the same text again and again is a byte in HPACK."""


class Calls(Filter):
    """Deadlines of clients, silence, blame for origins that are not well, and the end of answers
    that are cut short.

    A stream may be silent for `timeouts.tunnel`, as a WebSocket: HTTP/2 has its own signs of life
    on both sides. The head has to come within `timeouts.response`, unless the client says how long
    it waits: then no later than that, and than `timeouts.tunnel`.
    """

    __slots__ = ("_bounded", "_quiet", "_timers")

    def __init__(self, timeouts: Timeouts) -> None:
        """timeouts: of the route."""
        idle = max(timeouts.idle, timeouts.tunnel)
        self._quiet = replace(timeouts, idle=idle)
        self._bounded = replace(timeouts, idle=idle, response=max(timeouts.response, idle))
        self._timers: dict[Exchange, tuple[Timer, float]] = {}

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        request = exchange.request
        if request.method != b"POST" or not call_kind(request.get(b"content-type")):
            return
        seconds = call_timeout(request.fields)
        if seconds is None:
            exchange.timeouts = self._quiet
            return
        exchange.timeouts = self._bounded
        if seconds <= LONGEST:
            late = partial(self._late, exchange, seconds)
            timer = exchange.keeper.later(seconds, late)
            self._timers[exchange] = timer, exchange.started + seconds

    def on_upstream_request(self, exchange: Exchange) -> None:
        """See Filter. The origin has what is left of the deadline."""
        found = self._timers.get(exchange)
        outgoing = exchange.outgoing
        if found is None or outgoing is None:
            return
        now = clock.monotonic()
        if now - exchange.started < NOTICEABLE:
            return
        left = (b"grpc-timeout", spell_timeout(max(found[1] - now, 0.0)))
        outgoing.fields = [
            left if field[0] == b"grpc-timeout" else field for field in outgoing.fields
        ]

    def on_upstream_response(self, exchange: Exchange) -> None:
        """See Filter. Status 200 says nothing about a call."""
        response = exchange.response
        if exchange.timeouts is exchange.route.timeouts or response is None:
            return
        status = stands_for(response)
        if status >= 500 > response.status and exchange.endpoint is not None:
            exchange.endpoint.on_bad(str(status))
            name = name_of(response.get(b"grpc-status") or b"")
            message = unquote_message(response.get(b"grpc-message") or b"")
            exchange.error = CallFailed(f"{name}: {message}")

    def on_cut(self, exchange: Exchange, error: PorchError) -> Trailers | None:
        """See Filter. Clients make UNAVAILABLE of it, and not INTERNAL as of a reset."""
        response = exchange.response
        if not exchange.client.trailers or response is None:
            return None
        if call_kind(response.get(b"content-type")) != GRPC:
            return None
        return Trailers(error_fields(error))

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        found = self._timers.pop(exchange, None)
        if found is not None:
            found[0].cancel()

    def _late(self, exchange: Exchange, seconds: float) -> None:
        """The client waits no longer."""
        if not exchange.ended:
            exchange.fail(DeadlineExceeded(f"the client waits for {seconds:g} s"))
