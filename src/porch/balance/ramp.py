"""Slow start: an endpoint that is new or just back gets its share little by little.

Caches are cold and code is not compiled yet: the full share at once would be its next failure. Each
worker does this for itself; they begin within a moment of each other.
"""

from collections.abc import Iterable
from weakref import WeakSet

from porch import clock
from porch.balance.endpoint import Endpoint
from porch.balance.roster import Roster, at_once

__all__ = ["FIRST", "STEP", "Ramp"]

FIRST = 0.1
"""The share that it begins with."""
STEP = 1.0
"""Seconds between two steps: at each one the pool is arranged anew."""


class Ramp:
    """Of one pool. seconds: until it has all of its weight."""

    __slots__ = ("_began", "_roster", "_seen", "_step_at", "seconds")

    def __init__(self, roster: Roster, pool: Iterable[Endpoint], seconds: float) -> None:
        """pool: those that are there: they are not new."""
        self.seconds = seconds
        self._roster = roster
        self._seen = WeakSet(pool)
        self._began: dict[Endpoint, float] = {}
        self._step_at = 0.0
        roster.on_back = self.begin

    def __repr__(self) -> str:
        return f"<Ramp {self._roster.name} {len(self._began)} begin>"

    def begin(self, endpoint: Endpoint) -> None:
        """It is new or back."""
        self._began[endpoint] = clock.monotonic()
        endpoint.weigh(endpoint.full_weight, FIRST)

    def look(self, pool: Iterable[Endpoint]) -> None:
        """These are there now."""
        for each in pool:
            if each not in self._seen:
                self._seen.add(each)
                if not each.out:
                    self.begin(each)

    def tick(self) -> None:
        """A step, if it is time for one and somebody begins."""
        now = clock.monotonic()
        if not self._began or now < self._step_at:
            return
        self._step_at = now + STEP
        for endpoint, began in [*self._began.items()]:
            share = FIRST + (1 - FIRST) * (now - began) / self.seconds
            if share >= 1 or endpoint.out:
                del self._began[endpoint]
                share = 1.0
            endpoint.weigh(endpoint.full_weight, share)

    def close(self) -> None:
        """All have their weight at once."""
        self._roster.on_back = at_once
        for endpoint in self._began:
            endpoint.weigh(endpoint.full_weight)
        self._began = {}
