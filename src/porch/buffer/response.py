"""Answers that an origin gives at its own speed: a slow client keeps none of its few workers busy.

What the client does not take yet waits in a Spool. Where the client is fast nothing ever does, and
each piece goes on as it comes.
"""

from porch import clock
from porch.between import BeforeUpstream
from porch.buffer.spool import PIECE, Spool, no_room
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import ResponseHead, Trailers
from porch.http.stream import Head
from porch.reader import TURN
from porch.route.route import ANSWERED, RUNNING, Place

__all__ = ["Ahead", "BufferResponse"]

SIP = 8192
"""Bytes that are given at once to a client that has much to take already."""


class BufferResponse(Filter):
    """Reads up to `most` bytes of an answer ahead of its client."""

    __slots__ = ("_ahead", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._ahead: dict[Exchange, Ahead] = {}

    def __repr__(self) -> str:
        return f"<BufferResponse {self._most} bytes, {len(self._ahead)} now>"

    def on_upstream_response(self, exchange: Exchange) -> None:
        """See Filter. Whoever it is who answers: of two attempts side by side, the one that won."""
        if exchange.upstream is not None and exchange.request.upgrade is None:
            self._ahead[exchange] = Ahead(exchange, self._most)

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        ahead = self._ahead.pop(exchange, None)
        if ahead is not None:
            ahead.tell()


class Ahead(BeforeUpstream):
    """An origin that may be ahead of the client, from the head of its answer on."""

    __slots__ = (
        "_is_whole",
        "_late",
        "_most",
        "_paused",
        "_place",
        "_pumping",
        "_spool",
        "_stopped",
        "_trailers",
    )

    def __init__(self, exchange: Exchange, most: int) -> None:
        super().__init__(exchange)
        self._most = most
        self._spool = Spool()
        self._late = b""  # for which the disk had no room
        self._trailers: Trailers | None = None
        self._place: Place | None = None
        self._is_whole = self._paused = self._pumping = self._stopped = False

    def tell(self) -> None:
        """Who has answered, to an exchange that has ended, for the log."""
        if self._place is not None:
            self.exchange.endpoint = self._place

    # --- from the origin -------------------------------------------------------------------------

    def on_response(self, head: ResponseHead | Trailers | None, data: bytes, end: bool) -> None:
        """See Exchange. A mere end goes on at once."""
        if not (self._spool.written or self._late or (self._paused and data)):
            self.hearer.on_response(head, data, end)
            return
        assert not isinstance(head, ResponseHead)
        is_full = bool(self._late)
        if not is_full:
            try:
                self._spool.append(data)
            except OSError:  # as if it were unbuffered: what is here is held, and no more is read
                is_full = True
        if is_full:
            self._late += data
        if end:
            self._trailers = head
            self._let_go()
        elif (is_full or self._spool.written >= self._most) and not self._stopped:
            self._stopped = True
            self.upstream.pause_reading()

    @property
    def _waits(self) -> bool:
        return bool(self._spool.written or self._late)

    def _take(self) -> bytes:
        """The next bytes that wait. Raises OSError if the disk does."""
        data = self._spool.take(SIP if self.exchange.sips else PIECE)
        if not data:
            data, self._late = self._late, b""
        return data

    def _let_go(self) -> None:
        """The origin has said all and is free for others; the exchange has what it needs here."""
        self._is_whole = True
        exchange = self.exchange
        place = self._place = exchange.endpoint
        assert place is not None
        exchange.endpoint = None
        place.counts[RUNNING] -= 1
        if exchange.status < 500:
            place.counts[ANSWERED] = clock.milliseconds
        for hook in exchange.route.plan.on_upstream_done:
            try:
                hook(exchange)
            except Exception as error:  # the answer is here, and goes to the client
                exchange.keeper.report(exchange, error)

    # --- from the exchange -----------------------------------------------------------------------

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """See Stream. Who has answered early may hear more, but not when it serves others."""
        if not self._is_whole:
            self.upstream.send(head, data, end)

    def sip(self, little: bool) -> None:
        """See UpstreamStream."""
        if not self._is_whole:
            self.upstream.sip(little)

    def unsent(self) -> int:
        """See UpstreamStream."""
        return 0 if self._is_whole else self.upstream.unsent()

    def pause_reading(self) -> None:
        """See Stream."""
        self._paused = True

    def resume_reading(self) -> None:
        """See Stream."""
        self._paused = False
        self._pump()

    def abort(self, error: PorchError) -> None:
        """See Stream."""
        self._spool.clear()
        self._late = b""
        if not self._is_whole:
            self.upstream.abort(error)

    def _pump(self) -> None:
        """Give on what waits, as long as it is taken."""
        exchange = self.exchange
        if self._pumping:
            return
        self._pumping = True
        given = 0
        while self._waits and not (self._paused or exchange.ended) and given < TURN:
            try:
                data = self._take()
            except OSError as error:
                exchange.fail(no_room(error))
                break
            given += len(data)
            self._give(data)
        self._pumping = False
        if exchange.ended:
            return
        if given >= TURN and self._waits:
            exchange.keeper.later(0.0, self._pump)
        elif self._stopped and not self._waits:
            self._stopped = False
            self.upstream.resume_reading()

    def _give(self, data: bytes) -> None:
        if not self._is_whole:
            self.hearer.on_response(None, data, False)
        else:
            end = not self._waits
            self.exchange.on_made(self._trailers if end else None, data, end)
