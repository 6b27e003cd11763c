"""Admission: at most so many requests of a pool under way, of all workers; the others wait.

A pool that gets more than it can do does less than it could. What is over its bounds waits at the
door, within bounds too, and is refused at once beyond them: 503 with Retry-After.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from porch import clock
from porch.balance.adaptive import Adaptive
from porch.balance.endpoint import FAILED, WAITING
from porch.balance.upstream import Upstream
from porch.errors import PoolFull, WaitedTooLong
from porch.exchange import Exchange
from porch.filter import SUSPEND, Filter, Suspend
from porch.route.route import REQUESTS, RUNNING
from porch.shared import Cells

if TYPE_CHECKING:
    import asyncio

__all__ = ["Admission", "Bounds"]

LOOK = 0.02
"""Seconds between two looks whether other workers have made room, while somebody waits."""
BURST = 0.1
"""Seconds of waiting up to which the oldest is first. Beyond it more comes than is done, and not
for a moment: then the newest is first, whose client is still there. See docs/overload.md."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """pool, endpoint: requests at once, None for no bound. queue: how many may wait. wait: for so
    many seconds. retry_after: what those are told who are refused, in seconds. adaptive: whether
    each worker finds out by itself how many at once are good."""

    pool: int | None = None
    endpoint: int | None = None
    queue: int = 100
    wait: float = 5.0
    retry_after: float = 1.0
    adaptive: bool = False


class Admission(Filter):
    """See the module. One a pool, in the plans of all its routes; the last of their filters that
    answers, so that nobody waits who would be refused.

    Two workers may count at the same moment: the bounds are exceeded by one a worker at most.
    """

    __slots__ = (
        "_adaptive",
        "_bounds",
        "_cells",
        "_is_letting_in",
        "_running",
        "_timer",
        "_upstream",
        "_waiting",
    )

    def __init__(self, upstream: Upstream, bounds: Bounds, cells: Cells) -> None:
        """cells: of the pool, as an endpoint has them: RUNNING, REQUESTS let in, WAITING, and
        FAILED for those that were refused."""
        upstream.most = bounds.endpoint
        self._upstream = upstream
        self._bounds = bounds
        self._cells = cells
        self._adaptive = Adaptive() if bounds.adaptive else None
        self._running: set[Exchange] = set()
        self._waiting: dict[Exchange, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._is_letting_in = False

    def __repr__(self) -> str:
        return f"<Admission {len(self._running)} running, {len(self._waiting)} wait>"

    @property
    def described(self) -> str:
        """What is under way in the pool, of all workers, and who waits, in words."""
        bounds, cells = self._bounds, self._cells
        most = f" of {bounds.pool}" if bounds.pool is not None else ""
        words = f"{cells.total(RUNNING)}{most} requests under way"
        return f"{words}, {cells.total(WAITING)} of {bounds.queue} wait"

    def on_request(self, exchange: Exchange) -> Suspend | None:
        """See Filter."""
        if not self._waiting and self._has_room():
            self._let_in(exchange)
            return None
        bounds = self._bounds
        own = self._cells.own
        if self._cells.total(WAITING) >= bounds.queue:
            own[FAILED] += 1
            raise PoolFull(
                f"pool {self._upstream.name}: {self._cells.total(RUNNING)} requests under way, "
                f"{self._cells.total(WAITING)} wait",
                retry_after=bounds.retry_after,
            )
        self._waiting[exchange] = clock.monotonic()
        own[WAITING] += 1
        if self._timer is None:
            self._look_later()
        return SUSPEND

    def on_upstream_done(self, exchange: Exchange) -> None:
        """See Filter. What a slow client has yet to take keeps no place."""
        self._let_out(exchange)

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        self._let_out(exchange)
        if self._waiting.pop(exchange, None) is not None:
            self._cells.own[WAITING] -= 1

    def _let_out(self, exchange: Exchange) -> None:
        if exchange in self._running:
            self._running.discard(exchange)
            self._cells.own[RUNNING] -= 1
            if self._adaptive is not None:
                self._adaptive.note(exchange, len(self._running) + 1)
            self._let_in_waiting()

    def _has_room(self) -> bool:
        bounds = self._bounds
        if self._adaptive is not None and len(self._running) >= self._adaptive.limit:
            return False
        if bounds.pool is None and bounds.endpoint is None:
            return True
        running = self._cells.total(RUNNING)
        if bounds.pool is not None and running >= bounds.pool:
            return False
        return bounds.endpoint is None or running < bounds.endpoint * self._upstream.in_rotation

    def _let_in(self, exchange: Exchange) -> None:
        self._running.add(exchange)
        own = self._cells.own
        own[RUNNING] += 1
        own[REQUESTS] += 1

    def _let_in_waiting(self) -> None:
        """As many as there is room for. Who is let in may end at once, which leads here again."""
        if self._is_letting_in:
            return
        self._is_letting_in = True
        try:
            while self._waiting and self._has_room():
                exchange = self._next()
                self._cells.own[WAITING] -= 1
                self._let_in(exchange)
                exchange.resume()
        finally:
            self._is_letting_in = False

    def _next(self) -> Exchange:
        oldest = next(iter(self._waiting))
        if clock.monotonic() - self._waiting[oldest] > BURST:
            return self._waiting.popitem()[0]
        del self._waiting[oldest]
        return oldest

    def _look_later(self) -> None:
        from asyncio import get_running_loop  # late: who only reads a configuration needs no loop

        self._timer = get_running_loop().call_later(LOOK, self._look)

    def _look(self) -> None:
        """Other workers may have made room; who has waited for too long is told."""
        self._timer = None
        self._let_in_waiting()
        late = clock.monotonic() - self._bounds.wait
        while self._waiting:
            exchange, since = next(iter(self._waiting.items()))
            if since > late:
                self._look_later()
                return
            self._cells.own[FAILED] += 1
            text = f"pool {self._upstream.name}: no room within {self._bounds.wait:g} s"
            exchange.fail(WaitedTooLong(text, retry_after=self._bounds.retry_after))
