"""Restoring: answers that an origin has coded, for clients that cannot read the coding."""

from collections.abc import Callable
from functools import partial

from porch.between import BeforeClient
from porch.compress.decoder import CODINGS, Damaged, Decoder, TooMuch
from porch.compress.fields import coded, codings, without_sums
from porch.compress.negotiate import takes
from porch.errors import BadGateway, ClientGone, InternalError, PorchError
from porch.exchange import Exchange
from porch.http.fields import tokens
from porch.http.message import ResponseHead, Trailers
from porch.http.stream import Head
from porch.keeper import Timer
from porch.transform import Transform, Transformed, is_held

__all__ = ["Restoring", "refuses", "undoable"]

TURN = 1 << 20
"""Bytes that are sent to one client before others have a turn of the loop."""


def undoable(response: ResponseHead) -> bytes | None:
    """The coding of an answer that can be undone for those who do not take it; None for any other
    answer. What says no-transform must not be changed, and more than one coding stays: hardly
    anybody puts a second one on, and who does so means it."""
    if response.status in (204, 304) or response.status < 200:
        return None
    found = codings(response.fields)
    if len(found) != 1 or found[0] not in CODINGS:
        return None
    for name, value in response.fields:
        if name == b"cache-control" and b"no-transform" in tokens(value):
            return None
    return found[0]


def refuses(accept: bytes | None, coding: bytes) -> bool:
    """Whether a client does not take this coding, and takes what it was before."""
    return not takes(accept, coding) and takes(accept, b"identity")


class Restoring(BeforeClient):
    """A client that is sent an answer as it was before it was coded, as fast as it takes it: a few
    bytes may stand for many, which wait here as few. The last of them may leave when the exchange
    is over, as in buffer/bandwidth.py. An answer that is damaged, or a bomb, ends visibly."""

    __slots__ = (
        "_decoder",
        "_error",
        "_full",
        "_head",
        "_is_over",
        "_is_whole",
        "_pieces",
        "_pumping",
        "_request_done",
        "_told",
        "_trailers",
        "_turn",
        "_unsent",
        "_watching",
        "_when_over",
        "changed",
    )

    def __init__(self, exchange: Exchange, coding: bytes) -> None:
        """For `on_response` of a filter. What changes the answer besides is behind this."""
        super().__init__(exchange)
        response = exchange.response
        assert response is not None
        if isinstance(self.client, Transformed):
            self.changed = self.client
        else:
            self.client = self.changed = Transformed(exchange, self.client)
        is_small = is_held(response)
        response.fields = coded(response.fields, None)
        response.length = None
        self.changed.add()
        self._head: ResponseHead | None = response
        self._decoder: Decoder | None = Decoder(coding)
        self._pieces: list[bytes] | None = [] if is_small else None
        self._trailers: Trailers | None = None
        self._full = self._told = exchange.client_full
        self._is_over = self._is_whole = self._pumping = False
        self._error: PorchError | None = None
        self._request_done: bool | None = None
        self._turn: Timer | None = None
        self._watching: Timer | None = None
        self._when_over: Callable[[], object] | None = None
        self._unsent = -1

    def add(self, change: Transform) -> None:
        """See transform.transform."""
        self.changed.add(change)

    def then(self, call: Callable[[], object]) -> None:
        """Call it when the last piece has left, or none will."""
        self._when_over = call

    # --- from the exchange -----------------------------------------------------------------------

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """See Stream."""
        decoder = self._decoder
        if self._error is not None:
            self.exchange.bytes_out -= len(data)  # it is not sent
            return
        if isinstance(head, ResponseHead) and head is not self._head:
            if head.status >= 200:
                self._decoder = None  # another answer in its place
            self.client.send(head, data, end)
            return
        if decoder is None:
            self.client.send(head, data, end)
            return
        if isinstance(head, Trailers):
            self._trailers = Trailers(without_sums(head.fields))
        self.exchange.bytes_out -= len(data)
        self._is_whole = end
        if self._pieces is not None:  # a small one has its length in its head
            self._pieces.append(data)
            if not end:
                return
            data, self._pieces = b"".join(self._pieces), None
        decoder.give(data, end)
        self._pump()

    def unsent(self) -> int:
        """See ClientStream."""
        return (self._decoder.held if self._decoder is not None else 0) + self.client.unsent()

    def send_file(self, descriptor: int, first: int, size: int) -> int:
        """See ClientStream: what is decoded has to be read."""
        return 0

    def send_with_file(self, head: ResponseHead, descriptor: int, first: int, size: int) -> int:
        """See ClientStream."""
        self.send(head, b"", False)
        return 0

    def abort(self, error: PorchError) -> None:
        """See Stream."""
        self._forget()
        self._error = None
        self.client.abort(error)

    def finish(self, request_done: bool) -> None:
        """See ClientStream. Nobody else looks any more whether the client takes what waits."""
        if self._error is not None:
            self.client.abort(self._error)
        elif self._waits:
            self._request_done = request_done
            self._watch()
            return
        self._finish(request_done)

    def _finish(self, request_done: bool) -> None:
        self._is_over = True
        self._forget()
        self.client.finish(request_done)
        if self._when_over is not None:
            self._when_over()

    # --- from the client -------------------------------------------------------------------------

    @property
    def request_done(self) -> bool:
        """See Exchange."""
        return self.exchange.request_done if self._request_done is None else self._request_done

    def on_request_data(self, head: Trailers | None, data: bytes, end: bool) -> None:
        """See Exchange. What comes when all was answered is for nobody."""
        if self._request_done is None:
            self.hearer.on_request_data(head, data, end)
        else:
            self._request_done = end

    def on_client_lost(self) -> None:
        """See Exchange."""
        self.fail(ClientGone("the client left"))

    def fail(self, error: PorchError) -> None:
        """See Exchange."""
        if self._request_done is None:
            self.hearer.fail(error)
        elif not self._is_over:
            self.abort(error)
            self._finish(self._request_done)

    def on_client_full(self) -> None:
        """See Exchange."""
        self._full = True
        self._tell()

    def on_client_drained(self) -> None:
        """See Exchange."""
        self._full = False
        self._pump()

    # --- what waits ------------------------------------------------------------------------------

    @property
    def _waits(self) -> bool:
        return self._decoder is not None and self._decoder.waits

    def _pump(self) -> None:
        """Send what comes of what is here, as long as it is taken."""
        if self._pumping:
            return
        self._pumping = True
        left = TURN
        try:
            while self._waits and left > 0 and not self._full:
                left -= self._step()
        except Exception as error:
            self._break(error)
        self._pumping = False
        if self._waits and not self._full and self._turn is None:
            self._turn = self.exchange.keeper.later(0.0, self._on_turn)
        self._tell()

    def _step(self) -> int:
        """The next piece; the first with the head. Returns how many bytes it has."""
        decoder = self._decoder
        assert decoder is not None
        data = decoder.take()
        head, self._head = self._head, None
        is_last = self._is_whole and not decoder.waits
        trailers = self._trailers if is_last else None
        self.exchange.bytes_out += len(data)
        if head is not None or data or (is_last and trailers is None):
            self.client.send(head, data, is_last and trailers is None)
        if trailers is not None:
            self.client.send(trailers, b"", True)
        return len(data)

    def _on_turn(self) -> None:
        self._turn = None
        self._pump()

    def _break(self, error: Exception) -> None:
        """Not in the middle of what the exchange is doing: it hears of it in a moment, unless it is
        over by then. What is kept of the error knows nothing of the body."""
        if isinstance(error, Damaged):
            found: PorchError = BadGateway(
                f"the origin's Content-Encoding is not what it says: {error}"
            )
        elif isinstance(error, TooMuch):
            found = BadGateway(f"the origin's answer is a bomb: {error}")
        else:
            self.exchange.keeper.report(self.exchange, error)
            found = InternalError(f"{type(error).__name__}: {error}")
        self._decoder = None
        self._error = found
        if self._request_done is None:
            self.exchange.error = found
        if self._is_whole and self._head is not None:
            self.exchange.status = 0  # it is over before it hears of it, and no answer left
        self.exchange.keeper.later(0.0, partial(self.fail, found))

    def _tell(self) -> None:
        """Tell the exchange whether its client takes more; behind its end it is the client's turn
        for another request."""
        is_full = self._full or self._waits
        if self._request_done is not None:
            if not (self._waits or self._error or self._is_over):
                self._finish(self._request_done)
        elif is_full is not self._told:
            self._told = is_full
            if is_full:
                self.hearer.on_client_full()
            else:
                self.hearer.on_client_drained()

    def _watch(self) -> None:
        """Look again later whether the client takes anything."""
        exchange = self.exchange
        left = self.unsent()
        if left == self._unsent:
            self.fail(ClientGone("the client stopped reading"))
            return
        self._unsent = left
        self._watching = exchange.keeper.later(exchange.route.timeouts.idle, self._watch)

    def _forget(self) -> None:
        self._decoder = self._pieces = None
        for each in (self._turn, self._watching):
            if each is not None:
                each.cancel()
        self._turn = self._watching = None
