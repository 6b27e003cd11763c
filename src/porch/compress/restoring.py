"""Restoring: answers that an origin has coded, for clients that cannot read the coding."""

from collections.abc import Callable
from functools import partial

from porch.between import HoldingClient
from porch.compress.decoder import CODINGS, Crowded, Damaged, Decoder, TooMuch
from porch.compress.fields import coded, codings, without_sums
from porch.compress.negotiate import takes
from porch.compress.refused import AnswerBomb, AnswerDamaged, DecodingCrowded
from porch.errors import InternalError, PorchError
from porch.exchange import Exchange
from porch.http.fields import tokens
from porch.http.message import ResponseHead, Trailers
from porch.http.stream import Head
from porch.reader import TURN
from porch.transform import Transform, Transformed, is_held

__all__ = ["Restoring", "refuses", "undoable"]


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


class Restoring(HoldingClient):
    """A client that is sent an answer as it was before it was coded, as fast as it takes it: a few
    bytes may stand for many, which wait here as few. An answer that is damaged, or a bomb, ends
    visibly."""

    __slots__ = (
        "_coding",
        "_decoder",
        "_error",
        "_head",
        "_is_whole",
        "_pieces",
        "_pumping",
        "_trailers",
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
        self._coding = coding
        self._decoder: Decoder | None = Decoder(coding)
        self._pieces: list[bytes] | None = [] if is_small else None
        self._trailers: Trailers | None = None
        self._is_whole = self._pumping = False
        self._error: PorchError | None = None
        self._when_over: Callable[[], object] | None = None

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
                self._drop()  # another answer in its place
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
        self._waits = True
        self._pump()

    def unsent(self) -> int:
        """See ClientStream."""
        return (self._decoder.held if self._decoder is not None else 0) + self.client.unsent()

    def abort(self, error: PorchError) -> None:
        """See Stream."""
        self._error = None
        super().abort(error)

    def finish(self, request_done: bool) -> None:
        """See ClientStream."""
        if self._error is not None:
            self.client.abort(self._error)
        super().finish(request_done)

    def _finish(self, request_done: bool) -> None:
        super()._finish(request_done)
        if self._when_over is not None:
            self._when_over()

    # --- what waits ------------------------------------------------------------------------------

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
        if self._waits and not self._full and self._timer is None:
            self._timer = self.exchange.keeper.later(0.0, self._on_time)
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
        self._waits = decoder is self._decoder and decoder.waits  # not before all has left
        return len(data)

    def _break(self, error: Exception) -> None:
        """Not in the middle of what the exchange is doing: it hears of it in a moment, unless it is
        over by then. What is kept of the error knows nothing of the body."""
        if isinstance(error, Damaged):
            found: PorchError = AnswerDamaged(f"{self._coding.decode()}: {error}")
        elif isinstance(error, Crowded):
            found = DecodingCrowded()
        elif isinstance(error, TooMuch):
            found = AnswerBomb(f"{self._coding.decode()}: {error}")
        else:
            self.exchange.keeper.report(self.exchange, error)
            found = InternalError(f"{type(error).__name__}: {error}")
        self._drop()
        self._waits = False
        self._error = found
        if self._request_done is None:
            self.exchange.error = found
        if self._is_whole and self._head is not None:
            self.exchange.status = 0  # it is over before it hears of it, and no answer left
        self.exchange.keeper.later(0.0, partial(self._on_broken, found))

    def _on_broken(self, error: PorchError) -> None:
        """Whoever stores the answer has it by now, as far as it will."""
        exchange = self.exchange
        if type(error) is AnswerDamaged:
            for hook in exchange.route.plan.on_damaged:
                try:
                    hook(exchange)
                except Exception as found:
                    exchange.keeper.report(exchange, found)
        self.fail(error)

    def _tell(self) -> None:
        if self._error is None:  # else it ends, and in a moment
            super()._tell()

    def _drop(self) -> None:
        if self._decoder is not None:
            self._decoder.close()
        self._decoder = self._pieces = None
