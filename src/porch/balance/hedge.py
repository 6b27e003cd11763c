"""Hedging: a second attempt beside a first that is slow. Who answers first is heard, the other is
closed (Dean and Barroso, The Tail at Scale, 2013).

Only what may be repeated is, with its whole body held, and each one is paid out of the pool's
budget, so that slow endpoints together never get twice the load.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from porch import clock
from porch.balance.first_bytes import FirstBytes
from porch.clock import INFINITY
from porch.errors import AnswerRefused, PorchError
from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import RequestHead, ResponseHead, Trailers
from porch.keeper import ClientStream, Timer, UpstreamStream
from porch.route.retry import Retry
from porch.route.route import HEARD, REQUESTS, RUNNING, Place
from porch.silence import wait

if TYPE_CHECKING:
    from porch.route.route import Route

__all__ = ["LEAST", "Hedge", "HedgedRetry", "Rival", "adopt"]

LEAST = 0.001
"""Seconds that a first attempt has at least, however fast the pool is."""


class Rival:
    """The second attempt. The pool and the connection know it as the exchange.

    won: it is the exchange's own attempt by now, so that all that comes is passed on. began: when
    the first attempt had its connection.
    """

    __slots__ = (
        "_connected",
        "_exchange",
        "_stream",
        "began",
        "endpoint",
        "error",
        "is_over",
        "reused",
        "won",
    )

    def __init__(self, exchange: Exchange, place: Place) -> None:
        self._exchange = exchange
        self._stream: UpstreamStream | None = None
        self._connected = 0.0
        self.began = exchange.connected
        self.endpoint = place
        self.error: PorchError | None = None
        self.reused = self.won = self.is_over = False

    def __repr__(self) -> str:
        state = "won" if self.won else "over" if self.is_over else "running"
        return f"<Rival to {self.endpoint.name} {state}>"

    @property
    def _as_exchange(self) -> Exchange:
        """What pools and connections ask of an exchange, this has."""
        return cast("Exchange", self)

    def start(self) -> None:
        """Ask for a connection."""
        self.endpoint.counts[RUNNING] += 1
        self.endpoint.counts[REQUESTS] += 1
        stream = self.endpoint.connections.acquire(self._as_exchange)
        if stream is not None:
            self.on_connected(stream)

    def win(self) -> None:
        """The first attempt has failed: this is the only one now."""
        self.won = True
        adopt(self._exchange, self.endpoint, self._stream, self._connected)

    def give_up(self) -> None:
        """The first was faster, or nobody waits any more."""
        if not (self.won or self.is_over):
            self._end()
            if self._stream is not None:
                self._stream.abort(AnswerRefused("the other attempt was faster"))
        self.endpoint.connections.cancel(self._as_exchange)

    def _end(self) -> None:
        self.is_over = True
        self.endpoint.counts[RUNNING] -= 1

    # --- what the pool and the connection call ---------------------------------------------------

    @property
    def client_ip(self) -> bytes:
        """See Exchange."""
        return self._exchange.client_ip

    @property
    def route(self) -> "Route":
        """See Exchange."""
        return self._exchange.route

    @property
    def request(self) -> RequestHead:
        """See Exchange."""
        return self._exchange.request

    @property
    def client(self) -> ClientStream:
        """See Exchange."""
        return self._exchange.client

    @property
    def client_full(self) -> bool:
        """See Exchange."""
        return self._exchange.client_full

    @property
    def sips(self) -> bool:
        """See Exchange."""
        return self._exchange.sips

    @property
    def started(self) -> float:
        """See Exchange."""
        return self._exchange.started

    @property
    def ended(self) -> float:
        """See Exchange."""
        return self._exchange.ended

    @property
    def answer_done(self) -> bool:
        """See Exchange."""
        return self._exchange.answer_done

    def on_connected(self, stream: UpstreamStream) -> None:
        """See Exchange. The head is as the hooks made that of the first attempt."""
        exchange = self._exchange
        if self.won:
            exchange.on_connected(stream)
            return
        self._stream = stream
        self._connected = clock.monotonic()
        first = exchange.outgoing
        assert first is not None
        head = RequestHead(
            first.method,
            first.target,
            first.authority,
            first.scheme,
            list(first.fields),
            first.length,
            None,
            False,
            first.version,
        )
        stream.send(head, exchange.held or b"", True)

    def on_connect_failed(self, error: PorchError) -> None:
        """See Exchange."""
        if self.won:
            self._exchange.on_connect_failed(error)
        else:
            self._end()

    def on_response(self, head: ResponseHead | Trailers | None, data: bytes, end: bool) -> None:
        """See Exchange. A bad answer does not win: who is broken is often fast."""
        exchange = self._exchange
        place = self.endpoint
        if not self.won:
            place.counts[HEARD] = clock.milliseconds
            if not isinstance(head, ResponseHead) or head.status < 200:
                return
            if head.status >= 500:
                place.on_bad(str(head.status))
                if end:
                    self._stream = None  # it is in its pool again
                    self._end()
                else:
                    self.give_up()
                return
            exchange.drop(AnswerRefused("the other attempt was faster"))
            self.won = True
            adopt(exchange, place, None if end else self._stream, self._connected)
        exchange.on_response(head, data, end)

    def on_upstream_lost(self, error: PorchError) -> None:
        """See Exchange."""
        if self.won:
            self._exchange.on_upstream_lost(error)
            return
        self._end()
        if not self._stream or not self._stream.reused:
            self.endpoint.on_bad(error.word)

    def on_stale(self) -> None:
        """See Exchange."""
        if self.won:
            self._exchange.on_stale()
            return
        self._stream, self.reused = None, True
        stream = self.endpoint.connections.acquire(self._as_exchange)
        if stream is not None:
            self.on_connected(stream)

    def on_upstream_full(self) -> None:
        """See Exchange. Nothing more is sent anyway."""
        if self.won:
            self._exchange.on_upstream_full()

    def on_upstream_drained(self) -> None:
        """See Exchange."""
        if self.won:
            self._exchange.on_upstream_drained()


class HedgedRetry(Retry):
    """A Retry that goes on with a second attempt, if there is one, before it makes a third."""

    __slots__ = ("rivals",)

    def __init__(
        self, attempts: int, total: float, backoff: float, text: str, refusals: int = 0
    ) -> None:
        super().__init__(attempts, total, backoff, text, refusals=refusals)
        self.rivals: dict[Exchange, Rival] = {}

    def can(self, exchange: Exchange, error: PorchError, pause: float = 0.0) -> bool:
        """See Retry."""
        return self._left(exchange, error) is not None or super().can(exchange, error, pause)

    def again(self, exchange: Exchange, error: PorchError) -> bool:
        """See Retry."""
        rival = self._left(exchange, error)
        if rival is None:
            return super().again(exchange, error)
        rival.win()
        return True

    def _left(self, exchange: Exchange, error: PorchError) -> Rival | None:
        """Who may still answer when the first attempt has failed so."""
        rival = self.rivals.get(exchange)
        if rival is None or rival.won or rival.is_over or exchange.status:
            return None
        if clock.monotonic() >= exchange.started + self.total:
            return None
        return rival if error.retry != "never" or error.source == "upstream" else None


class Hedge(Filter):
    """after: seconds that a first attempt has to begin its answer; None for what 95 % of the pool's
    answers took, which `first_bytes` knows. An exchange of such a route costs a timer.
    """

    __slots__ = ("_after", "_first_bytes", "_retry", "_timers")

    def __init__(self, after: float | None, first_bytes: FirstBytes, retry: HedgedRetry) -> None:
        self._after = after
        self._first_bytes = first_bytes
        self._retry = retry
        self._timers: dict[Exchange, Timer] = {}

    def on_upstream_request(self, exchange: Exchange) -> None:
        """See Filter. Once, for the first attempt, if it is whole and knows its length."""
        self._cancel(exchange)
        after = self._after if self._after is not None else self._first_bytes.slow
        request = exchange.request
        if (
            after is not None
            and exchange.attempts == 1
            and exchange.request_done
            and request.length is not None
            and request.upgrade is None
        ):
            due: Callable[[], object] = partial(self._due, exchange, exchange.upstream)
            self._timers[exchange] = exchange.keeper.later(max(after, LEAST), due)

    def on_upstream_response(self, exchange: Exchange) -> None:
        """See Filter."""
        self._cancel(exchange)
        rival = self._retry.rivals.get(exchange)
        began = exchange.connected
        if rival is not None:
            rival.give_up()
            began = rival.began  # else the slow ones that lose would never be counted
        if self._after is None:
            self._first_bytes.add(exchange.first_byte - began)

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        self._cancel(exchange)
        rival = self._retry.rivals.pop(exchange, None)
        if rival is not None:
            rival.give_up()

    def _cancel(self, exchange: Exchange) -> None:
        timer = self._timers.pop(exchange, None)
        if timer is not None:
            timer.cancel()

    def _due(self, exchange: Exchange, stream: UpstreamStream | None) -> None:
        """The first attempt is slow."""
        self._timers.pop(exchange, None)
        if exchange.ended or exchange.upstream is not stream or not exchange.waits:
            return
        if not self._retry.can(exchange, AnswerRefused()):
            return
        place = exchange.take()
        if place is None:
            return
        self._retry.spend(exchange)
        exchange.attempts += 1
        rival = self._retry.rivals[exchange] = Rival(exchange, place)
        rival.start()


def adopt(
    exchange: Exchange, place: Place, stream: UpstreamStream | None, connected: float
) -> None:
    """An attempt that was made beside is the exchange's own from now on. The one before was
    dropped. stream: None if its connection is still being made, or looks after itself."""
    exchange.endpoint = place
    exchange.upstream = stream
    exchange.connected = connected
    exchange.reused = stream is not None and stream.reused
    exchange.error = None
    if stream is not None:
        wait(exchange)
    elif not exchange.half_closed:
        exchange.deadline = INFINITY
