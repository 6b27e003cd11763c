"""How long attempts may take until the head of an answer: each one, and all together."""

from functools import partial

from porch import clock
from porch.clock import INFINITY
from porch.errors import AttemptTimeout, GatewayTimeout
from porch.exchange import Exchange
from porch.filter import Filter
from porch.keeper import Timer, UpstreamStream

__all__ = ["Patience"]


class Patience(Filter):
    """each: seconds from the connection on after which another endpoint is asked; where that may
    not be, the attempt goes on. total: seconds from the request's arrival after which a repetition
    is given up. Only routes that say one of them have this, and a timer an attempt.
    """

    __slots__ = ("_each", "_timers", "_total")

    def __init__(self, each: float = INFINITY, total: float = INFINITY) -> None:
        self._each = each
        self._total = total
        self._timers: dict[Exchange, Timer] = {}

    def on_upstream_request(self, exchange: Exchange) -> None:
        """See Filter."""
        self.on_end(exchange)
        self._wait(exchange, exchange.upstream)

    def on_upstream_response(self, exchange: Exchange) -> None:
        """See Filter."""
        self.on_end(exchange)

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        timer = self._timers.pop(exchange, None)
        if timer is not None:
            timer.cancel()

    def _wait(self, exchange: Exchange, stream: UpstreamStream | None) -> None:
        left = exchange.started + self._total - clock.monotonic()
        if exchange.attempts <= 1:
            left = INFINITY
        seconds = min(self._each, max(0.0, left))
        if seconds < INFINITY:
            late = partial(self._late, exchange, stream)
            self._timers[exchange] = exchange.keeper.later(seconds, late)

    def _late(self, exchange: Exchange, stream: UpstreamStream | None) -> None:
        """No answer yet. One that is not wholly sent is not the endpoint's fault."""
        self._timers.pop(exchange, None)
        if exchange.ended or exchange.upstream is None:
            return
        if exchange.upstream is not stream:  # one that was made beside has taken over
            self._wait(exchange, exchange.upstream)
            return
        if exchange.attempts > 1 and clock.monotonic() >= exchange.started + self._total:
            exchange.fail(GatewayTimeout("retry.total is over"))
            return
        name = exchange.endpoint.name if exchange.endpoint is not None else ""
        late = AttemptTimeout(f"no answer from {name} within {self._each:g} s")
        if not (exchange.waits and exchange.leave(late)):
            self._wait(exchange, stream)
