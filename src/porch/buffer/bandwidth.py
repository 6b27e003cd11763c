"""Bandwidth: answers leave at a rate, evenly, whatever client and origin could do.

What is over the rate waits here, at most one piece of an answer; whoever it comes from is told that
the client is full.
"""

from typing import Protocol

from porch import clock
from porch.between import HoldingClient
from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import RequestHead, ResponseHead, Trailers
from porch.http.stream import Head

__all__ = ["Bandwidth", "Pace", "PacedClient"]

GRAIN = 0.001
"""Seconds for which nothing waits: timers of a loop are no finer."""


class Pace(Protocol):
    """Who may send when, in all workers together. step: bytes that are sent at once."""

    step: int

    def reserve(self, client_ip: bytes, size: int) -> float:
        """Seconds until so many bytes may leave to this client."""


class Bandwidth(Filter):
    """Paces the answers of a route."""

    __slots__ = ("_pace",)

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    def __repr__(self) -> str:
        return f"<Bandwidth {self._pace!r}>"

    def on_response(self, exchange: Exchange) -> None:
        """See Filter."""
        response = exchange.response
        if response is None or response.length == 0 or exchange.request.upgrade is not None:
            return
        PacedClient(exchange, self._pace)


class PacedClient(HoldingClient):
    """A client that takes what its Pace allows."""

    __slots__ = ("_data", "_due", "_end", "_pace", "_reserved", "_trailers")

    def __init__(self, exchange: Exchange, pace: Pace) -> None:
        super().__init__(exchange)
        self._pace = pace
        self._data = memoryview(b"")
        self._trailers: Trailers | None = None
        self._end = False
        self._due = 0.0
        self._reserved = 0

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """See Stream."""
        self._data = memoryview(bytes(self._data) + data if self._data else data)
        self._end = end
        if isinstance(head, Trailers):
            self._trailers = head
            head = None
        self._leave(head)

    def unsent(self) -> int:
        """See ClientStream."""
        return len(self._data) + self.client.unsent()

    # --- the pace --------------------------------------------------------------------------------

    def _pump(self) -> None:
        self._leave(None)

    def _drop(self) -> None:
        self._data = memoryview(b"")
        self._end = False

    def _leave(self, head: ResponseHead | RequestHead | None) -> None:
        """Send what may leave now, and come back for the rest."""
        pace, client = self._pace, self.client
        while self._data and self._timer is None and not self._full:
            if not self._reserved:
                self._reserved = min(pace.step, len(self._data))
                delay = pace.reserve(self.exchange.client_ip, self._reserved)
                if delay > GRAIN:
                    self._timer = self.exchange.keeper.later(delay, self._on_time)
                    self._due = clock.monotonic() + delay
                    break
            piece = bytes(self._data[: self._reserved])
            self._data = self._data[self._reserved :]
            self._reserved = 0
            last = self._end and not self._data and self._trailers is None
            self._end = self._end and not last
            client.send(head, piece, last)
            head = None
        if self._end and not self._data:
            self._end = False
            self._send_end(head)
        elif head is not None:
            client.send(head, b"", False)
        self._waits = bool(self._data)
        self._tell()
        exchange = self.exchange
        if self._timer is not None and not exchange.ended:  # it is not the client who is silent
            later = self._due + exchange.route.timeouts.idle
            exchange.deadline = max(exchange.deadline, later)

    def _send_end(self, head: Head | None) -> None:
        trailers, self._trailers = self._trailers, None
        if trailers is None or head is not None:
            self.client.send(head, b"", trailers is None)
        if trailers is not None:
            self.client.send(trailers, b"", True)
