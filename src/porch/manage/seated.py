"""Seated: keeps a connection of a door with seats (crowd_seats.py) while it is used."""

from porch.exchange import Exchange
from porch.filter import Filter
from porch.listen.crowd_seats import Seat, Seats

__all__ = ["Seated"]


class Seated(Filter):
    """seats: of the door. As a filter it holds whatever is asked for; a door that knows who asks
    calls it for those whom it lets in."""

    __slots__ = ("_held", "_seats")

    def __init__(self, seats: Seats) -> None:
        self._seats = seats
        self._held: dict[Exchange, Seat] = {}

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        seat = self._seats.hold(exchange.client.descriptor())
        if seat is not None:
            self._held[exchange] = seat

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        seat = self._held.pop(exchange, None)
        if seat is not None:
            self._seats.release(seat)
