"""Decoding: the body of a request that its client has coded, as fast as the origin takes it."""

from porch.between import BeforeClient
from porch.compress.decoder import Crowded, Damaged, Decoder, TooMuch
from porch.compress.refused import DecodingCrowded
from porch.errors import BadRequest, DecodedTooLarge, PorchError
from porch.exchange import Exchange
from porch.http.message import Trailers
from porch.keeper import Timer
from porch.reader import TURN

__all__ = ["Decoding"]


class Decoding(BeforeClient):
    """A client that sends what it has coded. A few bytes may stand for many: they wait here as few
    until more is wanted, and the client is not read meanwhile.

    feeds: whether the piece that the exchange hears of now is a decoded one.
    """

    __slots__ = (
        "_decoder",
        "_ended",
        "_is_over",
        "_paused",
        "_stopped",
        "_timer",
        "_trailers",
        "feeds",
    )

    def __init__(self, exchange: Exchange, decoder: Decoder) -> None:
        super().__init__(exchange)
        self._decoder = decoder
        self._ended = exchange.request_done
        self._is_over = self._paused = self._stopped = self.feeds = False
        self._timer: Timer | None = None
        self._trailers: Trailers | None = None

    def begin(self, data: bytes) -> bytes:
        """What goes on in place of the piece that came with the head. Raises a PorchError."""
        error: PorchError | None = None
        made = b""
        self._decoder.give(data, self._ended)
        try:
            made = self._decoder.take()
        except (Crowded, Damaged, TooMuch) as found:
            error = _refused(found)
        if error is not None:
            raise error
        if self._decoder.waits:
            self.exchange.request_done = False
            self._stop()
            self._come_back()
        return made

    # --- from the client -------------------------------------------------------------------------

    @property
    def request_done(self) -> bool:
        """Whether the client has sent all; the exchange may not have heard it yet."""
        return self._ended

    def on_request_data(self, head: Trailers | None, data: bytes, end: bool) -> None:
        """See Exchange."""
        self._ended = end
        self._trailers = head
        self.exchange.bytes_in += len(data)
        self._decoder.give(data, end)
        self._pump()

    # --- from the exchange -----------------------------------------------------------------------

    def pause_reading(self) -> None:
        """See Stream. Of a client that has sent all it is to be heard when it leaves."""
        self._paused = True
        if not self._ended:
            self.client.pause_reading()

    def resume_reading(self) -> None:
        """See Stream."""
        self._paused = False
        if self._decoder.waits:
            self._come_back()
        else:
            self.client.resume_reading()

    def finish(self, request_done: bool) -> None:
        """See ClientStream."""
        self._is_over = True
        self._decoder.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.client.finish(self._ended)

    # --- what waits ------------------------------------------------------------------------------

    def _stop(self) -> None:
        if not (self._stopped or self._ended):
            self._stopped = True
            self.client.pause_reading()

    def _come_back(self) -> None:
        if self._timer is None and not self._is_over:
            self._timer = self.exchange.keeper.later(0.0, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self._pump()

    def _pump(self) -> None:
        """Give on what comes of what is here, as long as it is wanted."""
        left = TURN
        error: PorchError | None = None
        while self._decoder.waits and left > 0 and error is None and self._is_wanted:
            try:
                left -= self._step()
            except (Crowded, Damaged, TooMuch) as found:
                error = _refused(found)
        if error is not None:
            self.hearer.fail(error)
        elif self._is_over:
            return
        elif self._decoder.waits:
            self._stop()
            if not self._paused:
                self._come_back()
        elif self._stopped:
            self._stopped = False
            if not self._paused:
                self.client.resume_reading()

    @property
    def _is_wanted(self) -> bool:
        return not (self._paused or self._is_over)

    def _step(self) -> int:
        """The next piece. Returns how many bytes it has."""
        exchange, decoder = self.exchange, self._decoder
        data = decoder.take()
        is_last = self._ended and not decoder.waits
        exchange.bytes_in -= len(data)  # it counts them now; those that came were counted
        self.feeds = True
        if data or is_last:
            self.hearer.on_request_data(self._trailers if is_last else None, data, is_last)
        self.feeds = False
        return len(data)


def _refused(error: Crowded | Damaged | TooMuch) -> PorchError:
    """What the client is told. It keeps nothing of the body."""
    if isinstance(error, Crowded):
        return DecodingCrowded()
    if isinstance(error, TooMuch):
        return DecodedTooLarge(str(error))
    return BadRequest(f"Content-Encoding is not what it says: {error}")
