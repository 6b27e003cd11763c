"""Tiers: endpoints of one priority take all, until too few of them are left.

Priority 0 is the first. A tier that has lost endpoints gives nothing away while what is left can
be taken to carry all (SPARE more than it had to); below that, the next tier gets what is missing.
So it is in Envoy, whose overprovisioning factor is 1.4: with 10 endpoints all stays with the first
tier while 8 of them are in rotation (80 % x 1.4 > 100 %), and with 5 of them 70 % does. Where all
tiers together are below what is needed they share it as they can.
"""

import random
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from porch.balance.endpoint import Endpoint
from porch.balance.upstream import Balancer
from porch.exchange import Exchange

__all__ = ["SPARE", "Tiers"]

SPARE = 1.4
"""Times its share of the work that an endpoint can carry."""


class Tiers:
    """See upstream.Balancer. make: the algorithm within a tier."""

    __slots__ = ("_make", "_number", "_sums", "_tiers", "_within")

    def __init__(
        self, make: Callable[[], Balancer], number: Callable[[], float] = random.random
    ) -> None:
        """number: in [0, 1), for tests with a seed."""
        self._make = make
        self._number = number
        self._within: dict[int, Balancer] = {}
        self._tiers: list[Balancer | Endpoint] = []
        self._sums: list[float] = []

    def use(self, up: Sequence[Endpoint], everyone: Sequence[Endpoint]) -> None:
        """See upstream.Balancer."""
        whole: dict[int, float] = {}
        for each in everyone:
            whole[each.priority] = whole.get(each.priority, 0.0) + each.weight
        tiers: dict[int, list[Endpoint]] = {}
        for each in up:
            tiers.setdefault(each.priority, []).append(each)
        order = sorted(tiers)
        health = [
            min(1.0, SPARE * sum(each.weight for each in tiers[priority]) / whole[priority])
            for priority in order
        ]
        self._sums = [*accumulate(_loads(health))]
        self._tiers = [self._tier(priority, tiers[priority], everyone) for priority in order]

    def leading(self, exchange: Exchange) -> Sequence[Endpoint]:
        """See upstream.Balancer. Of all tiers that get something now."""
        found: list[Endpoint] = []
        before = 0.0
        for tier, sum_ in zip(self._tiers, self._sums, strict=True):
            if sum_ > before:
                found += (tier,) if isinstance(tier, Endpoint) else tier.leading(exchange)
            before = sum_
        return found

    def candidates(self, exchange: Exchange) -> Iterator[Endpoint]:
        """See upstream.Balancer. The other tiers follow in their order."""
        tiers = self._tiers
        chosen = min(bisect(self._sums, self._number()), len(tiers) - 1)
        yield from _of(tiers[chosen], exchange)
        for number, tier in enumerate(tiers):
            if number != chosen:
                yield from _of(tier, exchange)

    def _tier(
        self, priority: int, up: list[Endpoint], everyone: Sequence[Endpoint]
    ) -> Balancer | Endpoint:
        if len(up) == 1:
            return up[0]
        within = self._within.get(priority)
        if within is None:
            within = self._within[priority] = self._make()
        within.use(up, everyone)
        return within


def _of(tier: Balancer | Endpoint, exchange: Exchange) -> Iterator[Endpoint]:
    return iter((tier,)) if isinstance(tier, Endpoint) else tier.candidates(exchange)


def _loads(health: Sequence[float]) -> list[float]:
    """What each tier takes, of 1 in all."""
    together = min(1.0, sum(health))
    left = 1.0
    loads = []
    for each in health:
        load = min(left, each / together)
        loads.append(load)
        left -= load
    return loads
