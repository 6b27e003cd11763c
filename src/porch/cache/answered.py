"""Answered: who answered a question of the cache, for the log of those who waited for it."""

from typing import TYPE_CHECKING

from porch.exchange import Exchange

if TYPE_CHECKING:
    from porch.route.route import Place

__all__ = ["Answered"]


class Answered:
    """Who answered an exchange of a fill, and when. asked: that exchange."""

    __slots__ = ("_attempts", "_connected", "_endpoint", "_first_byte", "_reused")

    def __init__(self, asked: Exchange) -> None:
        self._endpoint: Place | None = asked.endpoint
        self._attempts = asked.attempts
        self._connected = asked.connected
        self._first_byte = asked.first_byte
        self._reused = asked.reused

    def tell(self, exchange: Exchange) -> None:
        """Note it with one that has ended, for the log."""
        if self._endpoint is not None:
            exchange.endpoint = self._endpoint
            exchange.attempts = self._attempts
            # Who came later was not there when it began.
            exchange.connected = self._connected and max(self._connected, exchange.started)
            exchange.first_byte = self._first_byte and max(self._first_byte, exchange.started)
            exchange.reused = self._reused
