"""Answered: who answered a question of the cache, for the log of those who waited for it."""

from typing import TYPE_CHECKING

from porch.exchange import Exchange

if TYPE_CHECKING:
    from porch.route.route import Place

__all__ = ["Answered", "tell"]


class Answered:
    """Who answered an exchange of a fill, and when, once that has ended. asked: that exchange."""

    __slots__ = ("attempts", "connected", "endpoint", "first_byte", "reused")

    def __init__(self, asked: Exchange) -> None:
        self.endpoint: Place | None = asked.endpoint
        self.attempts = asked.attempts
        self.connected = asked.connected
        self.first_byte = asked.first_byte
        self.reused = asked.reused


def tell(asked: Answered | Exchange, exchange: Exchange) -> None:
    """Note it with one that has ended, for the log. asked: the exchange of the fill, as long as
    that has not ended."""
    if asked.endpoint is not None:
        exchange.endpoint = asked.endpoint
        exchange.attempts = asked.attempts
        # Who came later was not there when it began.
        exchange.connected = asked.connected and max(asked.connected, exchange.started)
        exchange.first_byte = asked.first_byte and max(asked.first_byte, exchange.started)
        exchange.reused = asked.reused
