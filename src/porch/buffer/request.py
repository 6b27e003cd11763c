"""Requests that an origin gets only when they are whole: a slow upload keeps none of its few
workers busy, and each body has its length.

What is more than the exchange holds itself waits in a Spool, and is sent from there as fast as the
origin takes it. The exchange sees a client that has sent its head, and sends the rest when it is
read.
"""

from porch import clock
from porch.between import BeforeClient
from porch.buffer.spool import Spool, no_room
from porch.errors import BodyTooLarge, PorchError
from porch.exchange import HELD, Exchange
from porch.filter import SUSPEND, Filter, Suspend
from porch.http.message import ResponseHead, Trailers

__all__ = ["BufferRequest", "Gathering"]

PIECE = 65536
"""Bytes that are sent at once."""
TURN = 1 << 20
"""Bytes that are sent to one origin before others have a turn of the loop."""


class BufferRequest(Filter):
    """Holds requests with a body back until they are whole; 413 to those of more than `most` bytes.

    The last of the filters that may answer: what is refused is not gathered first.
    """

    __slots__ = ("_gathering", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._gathering: dict[Exchange, Gathering] = {}

    def __repr__(self) -> str:
        return f"<BufferRequest {self._most} bytes, {len(self._gathering)} now>"

    def on_request(self, exchange: Exchange) -> Suspend | None:
        """See Filter. RFC 9110 10.1.1: it is we who want the body, and say so."""
        request = exchange.request
        if (request.length or 0) > self._most or exchange.bytes_in > self._most:
            raise BodyTooLarge(f"over {self._most} bytes")
        if exchange.request_done or request.upgrade is not None:
            return None
        self._gathering[exchange] = Gathering(exchange, self._most)
        exchange.deadline = clock.now + exchange.timeouts.idle
        if request.expect and not exchange.bytes_in:
            exchange.client.send(ResponseHead(100, []), b"", False)
        return SUSPEND

    def on_upstream_request(self, exchange: Exchange) -> None:
        """See Filter. The length is known by now, and nobody waits for 100."""
        outgoing = exchange.outgoing
        assert outgoing is not None
        outgoing.expect = False
        gathering = self._gathering.get(exchange)
        if exchange.changed or outgoing.length is not None:
            return  # whoever changes the body tells the length, if it is known
        if gathering is not None and not gathering.has_trailers:
            outgoing.length = gathering.length
            outgoing.fields = [*outgoing.fields, (b"content-length", b"%d" % gathering.length)]

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        self._gathering.pop(exchange, None)


class Gathering(BeforeClient):
    """A client whose request is gathered, and is given on then.

    request_done: whether the client has said all. upstream: who takes what it says; while it is
    gathered that is this, so that a client of HTTP/2 may go on.
    """

    __slots__ = (
        "_is_whole",
        "_most",
        "_paused",
        "_pumping",
        "_spool",
        "_trailers",
        "length",
        "request_done",
    )

    def __init__(self, exchange: Exchange, most: int) -> None:
        super().__init__(exchange)
        self._most = most
        self._spool = Spool()
        self._trailers: Trailers | None = None
        self._paused = True
        self._is_whole = self._pumping = self.request_done = False
        self.length = exchange.bytes_in

    @property
    def upstream(self) -> object:
        """See the class."""
        return self.exchange.upstream if self._is_whole else self

    @property
    def has_trailers(self) -> bool:
        """Whether something stands behind the body, which has no length then."""
        return self._trailers is not None

    def sip(self, little: bool) -> None:
        """See keeper.UpstreamStream: here it is the client who is read."""

    # --- from the client -------------------------------------------------------------------------

    def on_request_data(self, head: Trailers | None, data: bytes, end: bool) -> None:
        """See Exchange."""
        exchange = self.exchange
        self.request_done = end
        if exchange.ended:
            return
        self.length += len(data)
        if self.length > self._most:
            self.hearer.fail(BodyTooLarge(f"over {self._most} bytes"))
            return
        try:
            self._spool.append(data)
        except OSError as error:
            self.hearer.fail(no_room(error))
            return
        exchange.deadline = clock.now + exchange.timeouts.idle
        if not end:
            return
        self._is_whole = True
        self._trailers = head
        if self._spool.size <= HELD:
            self._give(self._spool.take(HELD))
        if not exchange.ended:
            exchange.resume()

    # --- from the exchange -----------------------------------------------------------------------

    def pause_reading(self) -> None:
        """See Stream."""
        self._paused = True

    def resume_reading(self) -> None:
        """See Stream."""
        self._paused = False
        if self._is_whole and not self._pumping and not self.exchange.request_done:
            self._pump()

    def abort(self, error: PorchError) -> None:
        """See Stream."""
        self._spool.clear()
        self.client.abort(error)

    def finish(self, request_done: bool) -> None:
        """See ClientStream. request_done: of what was given on; the client may have said more."""
        self._spool.clear()
        self.client.finish(self.request_done)

    def _pump(self) -> None:
        """Give on what is there, as long as it is taken."""
        exchange = self.exchange
        self._pumping = True
        sent = 0
        while self._spool.size and not (self._paused or exchange.ended) and sent < TURN:
            try:
                data = self._spool.take(PIECE)
            except OSError as error:
                self._pumping = False
                exchange.fail(no_room(error))
                return
            sent += len(data)
            self._give(data)
        self._pumping = False
        if sent >= TURN and self._spool.size and not exchange.ended:
            exchange.keeper.later(0.0, self._pump)

    def _give(self, data: bytes) -> None:
        end = not self._spool.size
        self.hearer.on_request_data(self._trailers if end else None, data, end)
