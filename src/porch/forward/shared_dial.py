"""SharedDial: one connection that is being made, for all exchanges that ask meanwhile."""

import asyncio
from typing import TYPE_CHECKING

from porch import clock
from porch.clock import INFINITY
from porch.errors import LeftBehind
from porch.exchange import Exchange

if TYPE_CHECKING:
    from porch.forward.pool import Pool

__all__ = ["IN_VAIN", "SharedDial", "is_left"]


IN_VAIN = 2
"""How often in a row another connection is made for one on which no request could be sent: it was
closed with the first words, as by a server that is being replaced just then."""


class SharedDial:
    """Who waits for it, each for as long as its route says.

    waiting: until when, by exchange, in the order they are served. deadline: the first of these.
    task: what makes the connection. in_vain: connections in a row that closed before one was used.
    """

    __slots__ = ("_pool", "deadline", "in_vain", "task", "waiting")

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self.waiting: dict[Exchange, float] = {}
        self.deadline = INFINITY
        self.in_vain = 0
        self.task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<SharedDial {len(self.waiting)} waiting>"

    def add(self, exchange: Exchange) -> None:
        """One more waits. One that was left behind does so before those who came later to the door:
        where connections take but a few each, everybody's turn comes."""
        until = clock.now + exchange.route.timeouts.connect
        self.waiting[exchange] = until
        if is_left(exchange):
            self.waiting = dict(sorted(self.waiting.items(), key=_started))
        self.deadline = min(self.deadline, until)

    @property
    def next(self) -> Exchange:
        """Who has waited longest."""
        return next(iter(self.waiting))

    def first(self) -> Exchange:
        """The same, who does not wait any more."""
        exchange = self.next
        del self.waiting[exchange]
        return exchange

    def goes_on(self, has_begun: bool) -> bool:
        """Whether another connection is to be made in place of one that has closed. has_begun:
        whether anybody could use that, from this dial or another: then it gets on."""
        self.in_vain = 0 if has_begun else self.in_vain + 1
        return bool(self.waiting) and self.in_vain <= IN_VAIN

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


def is_left(exchange: Exchange) -> bool:
    """Whether the last attempt came too late on a connection that served others."""
    return isinstance(exchange.error, LeftBehind)


def _started(item: tuple[Exchange, float]) -> float:
    return item[0].started
