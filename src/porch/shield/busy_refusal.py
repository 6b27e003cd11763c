"""Refusal: what those are told who are not let in by a busy worker.

It is made beforehand and costs a read and a write. It waits for a moment before it leaves, as many
as may: who asks again at once would otherwise be refused thousands of times a second, which costs
as much as to serve some. The connection is kept, so that who comes again need not shake hands.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import ceil

from porch import clock
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import SUSPEND, Filter, Response, Suspend
from porch.route.plan import Plan
from porch.route.route import Route

__all__ = ["MOST_HELD", "Overloaded", "Refusal"]

MOST_HELD = 4096
"""Refusals that wait at a time, 2 KB each. Further ones leave at once, and all with a body."""
_MANY = 1024
"""Each so many that wait make further ones wait for as long again: so few leave that they take a
tenth of a core, however many clients there are."""


class Overloaded(PorchError):
    """The worker has more to do than it can."""

    word = "connection_limit_reached"
    status = 503
    sentence = (
        "The door has more to do than it can, and this was refused for others; more workers or "
        "machines, a higher lag in busy, or a higher importance of the route."
    )

    def __init__(self, retry_after: float = 1.0) -> None:
        super().__init__()
        self.retry_after = retry_after


class Refusal(Filter):
    """The answer, as the only filter of the routes that give it.

    held: how many wait. counts: of those refused so far, by importance; whoever has it lets it
    outlive this.
    """

    __slots__ = (
        "_counts",
        "_error",
        "_held",
        "_hold",
        "_plan",
        "_released",
        "_response",
        "_routes",
    )

    def __init__(
        self,
        retry_after: float,
        hold: float,
        counts: list[int],
        plan: Callable[[Sequence[Filter]], Plan] = Plan,
    ) -> None:
        """retry_after, hold: seconds. plan: of a route that is logged."""
        self._error = Overloaded(retry_after)
        self._hold = hold
        self._counts = counts
        self._released = 0.0
        self._held: deque[tuple[float, Exchange]] = deque()
        fields = (
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"proxy-status", b"porch; error=connection_limit_reached"),
            (b"retry-after", b"%d" % max(1, ceil(retry_after))),
        )
        text = b"503 Service Unavailable\n\nToo much to do at the moment; please come again.\n"
        self._response = Response(503, fields, text)
        self._plan = plan([self])
        self._routes: dict[Route, Route] = {}

    @property
    def held(self) -> int:
        """How many wait to be told."""
        return len(self._held)

    def route(self, route: Route, importance: int) -> Route:
        """What takes a request in place of `route`: it has its name, for the log."""
        self._counts[importance] += 1
        found = self._routes.get(route)
        if found is None:
            found = replace(route, plan=self._plan, destination=None, rewrite=None)
            self._routes[route] = found
        return found

    def on_request(self, exchange: Exchange) -> Response | Suspend:
        """See Filter."""
        exchange.error = self._error
        if not self._hold or len(self._held) >= MOST_HELD:
            return self._response
        if exchange.held or not exchange.request_done:  # a body would have to wait as well
            return self._response
        wait = self._hold * (1.0 + len(self._held) / _MANY)
        self._held.append((clock.monotonic() + wait, exchange))
        return SUSPEND

    def release(self, now: float) -> None:
        """Answer those who have waited, not all at once: they would come again so."""
        held = self._held
        passed, self._released = now - self._released, now
        most = 1 + int(len(held) * passed / self._hold) if held else 0
        while most and held and held[0][0] <= now:
            held.popleft()[1].resume(self._response)
            most -= 1
