"""Known: from where somebody came lately whom `auth` has let in.

Whoever is refused first is decided before it is known who it is, and what a client says of itself
anybody can say. That somebody at its address has shown who it is in the last minutes nobody else
can claim.
"""

from porch import clock
from porch.exchange import Exchange
from porch.filter import Filter
from porch.shield.limit_keys import by_client, network

__all__ = ["LASTS", "MOST", "Known"]

LASTS = 600.0
"""Seconds for which an address is known, from the last request that was let in."""
MOST = 16_384
"""Addresses of a worker that are remembered, IPv6 by the /64; 150 bytes each. Only who was let in
can push another out."""


class Known(Filter):
    """Of one worker, over reloads. It stands behind what finds out who a client is."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[bytes, float] = {}

    def __repr__(self) -> str:
        return f"<Known {len(self._seen)} addresses>"

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        if exchange.identity is None:
            return
        client, seen = by_client(exchange), self._seen
        seen.pop(client, None)  # so that the first is the one that has not come for longest
        seen[client] = clock.now
        if len(seen) > MOST:
            del seen[next(iter(seen))]

    def knows(self, client_ip: bytes) -> bool:
        """Whether somebody was let in from there lately."""
        seen = self._seen.get(network(client_ip))
        return seen is not None and clock.now - seen < LASTS
