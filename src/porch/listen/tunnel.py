"""Tunnel: the client's side of a connection that has switched protocols (RFC 9110 7.8).

What passes is no HTTP any more. Of a WebSocket's frames as much is known as is needed to tell it
its end in its own words.
"""

from typing import Protocol

from porch.errors import PorchError
from porch.exchange import Exchange
from porch.http.websocket import SERVICE_RESTART, WEBSOCKET, Frames

__all__ = ["Tunnel", "Way"]


class Way(Protocol):
    """How bytes get to a client: a connection of its own, or a stream."""

    def write(self, data: bytes) -> None:
        """See asyncio.Transport."""

    def can_write_eof(self) -> bool:
        """See asyncio.Transport."""

    def write_eof(self) -> None:
        """See asyncio.Transport."""


class Tunnel:
    """Between the way to a client and its exchange.

    heard: what came of a WebSocket, None of another protocol.
    """

    __slots__ = ("_ended", "_exchange", "_said", "_way", "heard")

    def __init__(self, way: Way, exchange: Exchange, protocol: bytes | None) -> None:
        """protocol: its name in the 101."""
        self._way = way
        self._exchange = exchange
        self._ended = False
        is_known = protocol == WEBSOCKET
        self.heard = Frames(masked=True) if is_known else None
        self._said = Frames(masked=False) if is_known else None

    def hear(self, data: bytes) -> None:
        """The client sends."""
        if self.heard is not None:
            self.heard.feed(data)
        self._exchange.on_request_data(None, data, False)

    def hear_end(self) -> None:
        """The client has ended its side, and may still read."""
        self._exchange.on_request_data(None, b"", True)

    def send(self, data: bytes, end: bool) -> None:
        """To the client."""
        if data:
            if self._said is not None:
                self._said.feed(data)
            self._way.write(data)
        if not end:
            return
        self._ended = True
        if self._way.can_write_eof():
            self._way.write_eof()
        elif not self._exchange.request_done:  # no half-close: one side's end is both's
            self.hear_end()

    def say_farewell(self, error: PorchError) -> bool:
        """Tell a WebSocket that its connection ends, if anything can be told (RFC 6455 7.1.1)."""
        if self._said is None or self._ended:
            return False
        farewell = self._said.farewell(SERVICE_RESTART, error.word)
        if farewell:
            self._way.write(farewell)
        return farewell is not None
