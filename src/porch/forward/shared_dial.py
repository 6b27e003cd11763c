"""SharedDial: one connection that is being made, for all exchanges that ask meanwhile."""

import asyncio
from typing import TYPE_CHECKING

from porch import clock
from porch.clock import INFINITY
from porch.exchange import Exchange

if TYPE_CHECKING:
    from porch.forward.pool import Pool

__all__ = ["SharedDial"]


class SharedDial:
    """Who waits for it, each for as long as its route says.

    waiting: until when, by exchange, in the order they came. deadline: the first of these. task:
    what makes the connection.
    """

    __slots__ = ("_pool", "deadline", "task", "waiting")

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self.waiting: dict[Exchange, float] = {}
        self.deadline = INFINITY
        self.task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<SharedDial {len(self.waiting)} waiting>"

    def add(self, exchange: Exchange) -> None:
        """One more waits."""
        until = clock.now + exchange.route.timeouts.connect
        self.waiting[exchange] = until
        self.deadline = min(self.deadline, until)

    def first(self) -> Exchange:
        """Who has waited longest, and does not any more."""
        exchange = next(iter(self.waiting))
        del self.waiting[exchange]
        return exchange

    def on_deadline(self) -> None:
        """See clock.Waiting. A dial for which nobody waits is given up."""
        now = clock.now
        late = [exchange for exchange, until in self.waiting.items() if until < now]
        for exchange in late:
            if self.waiting.pop(exchange, None) is not None:
                self._pool.give_up(exchange)
        if self.waiting:
            self.deadline = min(self.waiting.values())
        else:
            self._pool.stop(self)
