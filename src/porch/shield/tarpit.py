"""Tarpit: who is refused waits for it, a byte a second.

A scanner that asks for hundreds of paths gives up or takes long. It costs a timer each, and so many
are answered so at a time and no more: whoever comes then is answered at once. When the worker is
about to end the rest leaves with the next byte.
"""

from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Response
from porch.http.message import ResponseHead
from porch.keeper import Timer

__all__ = ["LONGEST", "Tarpit"]

LONGEST = 60
"""Bytes of an answer, and the seconds that it takes."""
_PAUSE = 1.0
_TEXT = (b"This is refused. " * LONGEST)[:LONGEST]


class Tarpit:
    """Of all routes of a worker with this bound. most: answers at a time. running: now."""

    __slots__ = ("most", "running")

    def __init__(self, most: int) -> None:
        self.most = most
        self.running = 0

    def __repr__(self) -> str:
        return f"<Tarpit {self.running} of {self.most}>"

    def answer(self, exchange: Exchange, status: int) -> Response | None:
        """A slow one; None where there is no room, or nobody would read it."""
        if self.running >= self.most or exchange.request.method == b"HEAD":
            return None
        return _Slow(status, self)


class _Slow(Response):
    """An answer of LONGEST bytes. It is its own Source, and the stream that it comes by."""

    __slots__ = ("_exchange", "_is_paused", "_sent", "_tarpit", "_timer", "reused")

    def __init__(self, status: int, tarpit: Tarpit) -> None:
        fields = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
        super().__init__(status, fields, _TEXT[:1])
        self.source = self
        self.reused = False
        self._tarpit = tarpit
        self._exchange: Exchange | None = None
        self._timer: Timer | None = None
        self._is_paused = False
        self._sent = 1

    def head(self, exchange: Exchange) -> ResponseHead:
        """See Response."""
        made = super().head(exchange)
        fields = [each for each in made.fields if each[0] != b"content-length"]
        return ResponseHead(made.status, [*fields, (b"content-length", b"%d" % LONGEST)], LONGEST)

    def open(self, exchange: Exchange) -> bool:
        """See Source: never called, for the first byte is there."""
        return False

    def begin(self, exchange: Exchange) -> "_Slow":
        """See Source."""
        self._exchange = exchange
        self._tarpit.running += 1
        self._wait()
        return self

    def send(self, head: object, data: bytes, end: bool) -> None:
        """See Stream: what else the client sends is not read."""

    def pause_reading(self) -> None:
        """See Stream."""
        self._is_paused = True

    def resume_reading(self) -> None:
        """See Stream."""
        if self._is_paused:
            self._is_paused = False
            if self._timer is None:
                self._wait()

    def abort(self, error: PorchError) -> None:
        """See Stream."""
        if self._timer is not None:
            self._timer.cancel()
        self._leave()

    def unsent(self) -> int:
        """See keeper.UpstreamStream."""
        return 0

    def sip(self, little: bool) -> None:
        """See keeper.UpstreamStream."""

    def turn_to(self, exchange: Exchange) -> None:
        """See keeper.UpstreamStream."""
        self._exchange = exchange

    def _wait(self) -> None:
        if self._exchange is not None:
            self._timer = self._exchange.keeper.later(_PAUSE, self._more)

    def _more(self) -> None:
        self._timer = None
        exchange = self._exchange
        if exchange is None or self._is_paused:
            return
        size = LONGEST if exchange.keeper.closing else 1  # nobody is to wait for a scanner
        piece = _TEXT[self._sent : self._sent + size]
        self._sent += len(piece)
        is_last = self._sent >= LONGEST
        if is_last:
            self._leave()
        exchange.on_made(None, piece, is_last)
        if not is_last:
            self._wait()

    def _leave(self) -> None:
        """Once: room for another."""
        if self._exchange is not None:
            self._exchange = self._timer = None
            self._tarpit.running -= 1
