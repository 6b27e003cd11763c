"""The PROXY protocol towards origins: connections that are told for whom they are.

Such a connection is one client's, by its address, and so each client has a pool of its own. What
is kept serves its next request.
"""

from collections.abc import Callable

from porch.exchange import Exchange
from porch.forward.pool import Pool
from porch.keeper import UpstreamStream
from porch.route.route import Place

__all__ = ["MOST", "ByClient"]

MOST = 1024
"""Clients for whom connections are kept at once, in a worker and for an endpoint."""
_FEW = 64
"""Of them nobody is looked for who has none any more."""


class ByClient:
    """The connections to one endpoint, of each client apart. See route.Connections.

    make: a pool whose connections begin as for this client; None for the door itself.
    """

    __slots__ = ("_idle_timeout", "_look_at", "_make", "_own", "_pools", "closed")

    def __init__(self, make: Callable[[bytes | None], Pool]) -> None:
        self._make = make
        self._own = make(None)
        self._pools: dict[bytes, Pool] = {}
        self._idle_timeout = self._own.idle_timeout
        self._look_at = _FEW
        self.closed = False

    def __repr__(self) -> str:
        return f"<ByClient {self._own.name} {len(self._pools)} clients>"

    def __len__(self) -> int:
        """Clients that have a pool."""
        return len(self._pools)

    @property
    def idle_timeout(self) -> float:
        """See Pool."""
        return self._idle_timeout

    @idle_timeout.setter
    def idle_timeout(self, seconds: float) -> None:
        self._idle_timeout = seconds
        for pool in (self._own, *self._pools.values()):
            pool.idle_timeout = seconds

    def acquire(self, exchange: Exchange) -> UpstreamStream | None:
        """See route.Connections."""
        client = exchange.client_ip
        return (self._pools.get(client) or self._new(client)).acquire(exchange)

    def cancel(self, exchange: Exchange) -> None:
        """See route.Connections."""
        pool = self._pools.get(exchange.client_ip)
        if pool is not None:
            pool.cancel(exchange)

    def dial_ahead(self, place: Place) -> None:
        """See route.Connections. Only whether it could be had counts: it is no client's."""
        self._own.dial_ahead(place)

    def close(self) -> None:
        """See Pool."""
        self.closed = True
        for pool in (self._own, *self._pools.values()):
            pool.close()

    def _new(self, client: bytes) -> Pool:
        if len(self._pools) >= self._look_at:
            self._look()
        pool = self._pools[client] = self._make(client)
        pool.idle_timeout = self._idle_timeout
        if self.closed:
            pool.close()
        return pool

    def _look(self) -> None:
        """Forget who has no connection any more, and of the others those that came first, if they
        are too many. What is in use ends in peace."""
        self._pools = {client: pool for client, pool in self._pools.items() if not pool.is_empty}
        for client in [*self._pools][: max(0, len(self._pools) - MOST + 1)]:
            if not self._pools[client].is_awaited:
                self._pools.pop(client).close()
        self._look_at = max(_FEW, min(2 * len(self._pools), MOST))
