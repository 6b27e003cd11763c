"""Requests that an origin gets only when they are whole: a slow upload keeps none of its few
workers busy, and each body has its length.

What is more than the exchange holds itself waits in a Spool, and is sent from there as fast as the
origin takes it; to another one from the beginning, if the first fails. While it is gathered the
exchange has the Gathering for its origin, so that whatever looks at bodies, or changes them, has
done so before an origin is asked.
"""

from collections.abc import Callable

from porch.between import BeforeUpstream
from porch.buffer.spool import PIECE, Spool, no_room
from porch.clock import INFINITY
from porch.errors import BodyTooLarge, PorchError
from porch.exchange import Exchange
from porch.filter import SUSPEND, Filter, Suspend
from porch.http.grpc import call_kind
from porch.http.message import RequestHead, ResponseHead, Trailers
from porch.http.stream import Head
from porch.reader import TURN
from porch.silence import wait

__all__ = ["BufferRequest", "Gathering", "Giving"]


class BufferRequest(Filter):
    """Holds requests with a body back until they are whole; 413 to those of more than `most` bytes.

    Not calls of gRPC, whose client may send on only when it has heard something. The last of the
    filters that may answer, but for what looks at whole bodies: what is refused is not gathered
    first. most: None for those alone of which `wants` says so much, which is less than `most`.
    """

    __slots__ = ("_gathering", "_most", "_wants")

    def __init__(
        self, most: int | None, wants: Callable[[Exchange], int | None] | None = None
    ) -> None:
        self._most = most
        self._wants = wants
        self._gathering: dict[Exchange, Gathering] = {}

    def __repr__(self) -> str:
        most = "wanted" if self._most is None else self._most
        return f"<BufferRequest {most} bytes, {len(self._gathering)} now>"

    def size_of(self, exchange: Exchange) -> int:
        """Bytes that are there of a body."""
        gathering = self._gathering.get(exchange)
        written = gathering.spool.written if gathering is not None else 0
        return written or len(exchange.held or b"")

    def body_of(self, exchange: Exchange) -> bytes:
        """All of them. Raises PorchError if the disk fails. Another thread may call it, and has
        anything for an exchange that ends meanwhile."""
        gathering = self._gathering.get(exchange)
        if gathering is None or not gathering.spool.written:
            return exchange.held or b""
        try:
            return gathering.spool.read(0, gathering.spool.written)
        except OSError as error:
            raise no_room(error) from None

    def on_request(self, exchange: Exchange) -> Suspend | None:
        """See Filter. RFC 9110 10.1.1: it is we who want the body, and say so."""
        request = exchange.request
        wanted = self._wants(exchange) if self._wants is not None else None
        most = self._most if wanted is None else min(wanted, self._most or wanted)
        if most is None or (request.method == b"POST" and call_kind(request.get(b"content-type"))):
            return None
        if (request.length or 0) > most or exchange.bytes_in > most:
            raise BodyTooLarge(f"over {most} bytes")
        if exchange.request_done or request.upgrade is not None:
            return None
        exchange.upstream = self._gathering[exchange] = Gathering(exchange, most)
        wait(exchange)
        if request.expect and not exchange.bytes_in:
            exchange.client.send(ResponseHead(100, []), b"", False)
        return SUSPEND

    def on_upstream_request(self, exchange: Exchange) -> None:
        """See Filter. The length is known by now, and nobody waits for 100."""
        outgoing = exchange.outgoing
        assert outgoing is not None
        if not exchange.request_done or outgoing.upgrade is not None:
            return
        outgoing.expect = False
        gathering = self._gathering.get(exchange)
        held = exchange.held or b""
        length = len(held) if gathering is None else gathering.spool.written or len(held)
        if outgoing.length is None and (gathering is None or gathering.trailers is None):
            outgoing.length = length
            outgoing.fields = [*outgoing.fields, (b"content-length", b"%d" % length)]
        if gathering is not None and gathering.spool.written:
            Giving(exchange, gathering.spool)

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        gathering = self._gathering.pop(exchange, None)
        if gathering is not None:
            gathering.spool.clear()


class Gathering:
    """Takes a request in place of an origin. See keeper.UpstreamStream.

    spool: all of it, if the exchange does not hold it itself. trailers: behind the body, which has
    no length then.
    """

    __slots__ = ("_exchange", "_held", "_most", "spool", "trailers")

    reused = False

    def __init__(self, exchange: Exchange, most: int) -> None:
        self._exchange = exchange
        self._most = most
        self._held = exchange.held or b""
        self.spool = Spool()
        self.trailers: Trailers | None = None

    def __repr__(self) -> str:
        return f"<Gathering {self._exchange!r}>"

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """See Stream. Of what is changed on its way both sizes are bounded."""
        exchange = self._exchange
        size = (self.spool.written or len(self._held)) + len(data)
        if max(exchange.bytes_in, size) > self._most:
            exchange.fail(BodyTooLarge(f"over {self._most} bytes"))
            return
        if exchange.held is not None:
            self._held = exchange.held
        else:
            try:
                if self._held:
                    self.spool.append(self._held)
                    self._held = b""
                self.spool.append(data)
            except OSError as error:
                exchange.fail(no_room(error))
                return
        if end:
            self._give_on(head)

    def _give_on(self, head: Head | None) -> None:
        """It is whole: the exchange goes on, and may repeat it."""
        if isinstance(head, Trailers):
            self.trailers = head
        exchange = self._exchange
        exchange.upstream = None
        exchange.gathered = exchange.held is None
        exchange.deadline = INFINITY
        exchange.resume()

    def pause_reading(self) -> None:
        """See Stream: nothing comes from here."""

    def resume_reading(self) -> None:
        """See Stream."""

    def sip(self, little: bool) -> None:
        """See UpstreamStream."""

    def abort(self, error: PorchError) -> None:
        """See Stream."""
        self.spool.clear()

    def unsent(self) -> int:
        """See UpstreamStream."""
        return 0

    def turn_to(self, exchange: Exchange) -> None:
        """See UpstreamStream: nobody comes between."""


class Giving(BeforeUpstream):
    """An origin that is given what was gathered, as fast as it takes it. To the exchange, which
    holds nothing of it, all is sent at once."""

    __slots__ = ("_at", "_is_full", "_is_over", "_is_pumping", "_spool", "_trailers")

    def __init__(self, exchange: Exchange, spool: Spool) -> None:
        super().__init__(exchange)
        self._spool = spool
        self._at = 0
        self._trailers: Trailers | None = None
        self._is_full = self._is_over = self._is_pumping = False

    # --- from the exchange -----------------------------------------------------------------------

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """See Stream. A head, and then the trailers, if there are any."""
        if isinstance(head, RequestHead):
            self.upstream.send(head, b"", False)
            self.exchange.keeper.later(0.0, self._pump)
        elif isinstance(head, Trailers):
            self._trailers = head

    def abort(self, error: PorchError) -> None:
        """See Stream."""
        self._is_over = True
        self.upstream.abort(error)

    # --- from the origin -------------------------------------------------------------------------

    def on_response(self, head: ResponseHead | Trailers | None, data: bytes, end: bool) -> None:
        """See Exchange. It may have said all before it has heard all, and what the client has heard
        of this one it must not hear of another."""
        self._is_over = self._is_over or end
        if isinstance(head, ResponseHead) and 100 < head.status < 200:
            self.exchange.gathered = False
        self.hearer.on_response(head, data, end)

    def on_upstream_lost(self, error: PorchError) -> None:
        """See Exchange."""
        self._is_over = True
        self.hearer.on_upstream_lost(error)

    def on_upstream_full(self) -> None:
        """See Exchange. The client has nothing to wait for, and is heard if it leaves."""
        self._is_full = self.exchange.upstream_full = True

    def on_upstream_drained(self) -> None:
        """See Exchange."""
        self._is_full = self.exchange.upstream_full = False
        self._pump()

    def _pump(self) -> None:
        """Give on what is there, as long as it is taken."""
        if self._is_pumping or not self._takes:
            return
        self._is_pumping = True
        spool, until = self._spool, self._at + TURN
        while self._at < min(spool.written, until) and self._takes:
            try:
                data = spool.read(self._at, PIECE)
            except OSError as error:
                self.exchange.fail(no_room(error))
                break
            self._at += len(data)
            end = self._at == spool.written
            self.upstream.send(self._trailers if end else None, data, end)
        self._is_pumping = False
        if self._is_over:
            return
        wait(self.exchange)
        if until <= self._at < spool.written and self._takes:
            self.exchange.keeper.later(0.0, self._pump)

    @property
    def _takes(self) -> bool:
        return not (self._is_full or self._is_over)
