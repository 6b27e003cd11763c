"""Least time: the endpoint that would answer soonest, by how long its first byte takes and how much
it has to do.

That is its usual first byte, a moving mean of this worker's own (route.Place.usual), times one more
than the requests that all workers have under way there, by its weight. Of few endpoints (EXACT) the
best is taken; of many the better of two that are drawn by weight. Where they differ by less than
ALIKE they share by weight: what is within the noise must not send all to one.

Not known yet: it is taken for as quick as the quickest, so that it gets as many at once as that one
has, until its first answer. Not heard of: what is known of it counts half after each HALVED, so
that one that was slow is tried again (one that is 20 times slower after 21 seconds), and its answer
then counts for what it is, not for an eighth.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from porch import clock
from porch.balance.draw import Draw
from porch.balance.endpoint import Endpoint
from porch.balance.least_requests import EXACT
from porch.clock import INFINITY
from porch.exchange import Exchange
from porch.route.route import HEARD

__all__ = ["ALIKE", "HALVED", "LeastTime"]

HALVED = 5000
"""Milliseconds of silence after which a time counts half."""
ALIKE = 1.25
"""How many times the least cost is as good."""
_FRESH = 1000
"""Milliseconds for which an endpoint that is not heard of is still known."""
_NEW = 8
"""Of how much a time counts in `usual`, the inverse (exchange.py)."""


class LeastTime:
    """See upstream.Balancer."""

    __slots__ = ("_draw", "_endpoints", "_known", "_mean", "_number", "_quickest")

    def __init__(self, number: Callable[[], float] = random.random) -> None:
        """number: in [0, 1), for tests with a seed."""
        self._number = number
        self._draw = Draw(number)
        self._endpoints: Sequence[Endpoint] = ()
        self._known: dict[Endpoint, _Known] = {}
        self._mean = 1.0
        self._quickest = 0.0

    def use(self, up: Sequence[Endpoint], everyone: Sequence[Endpoint]) -> None:
        """See upstream.Balancer."""
        self._endpoints = up
        self._draw.use(up)
        self._mean = sum([each.weight for each in up]) / len(up)
        if len(self._known) > 2 * len(everyone):
            there = {*everyone}
            self._known = {each: known for each, known in self._known.items() if each in there}

    def candidates(self, exchange: Exchange) -> Iterator[Endpoint]:
        """See upstream.Balancer."""
        if len(self._endpoints) > EXACT:
            one, two = self._draw.two()
            if self._cost(two) * ALIKE < self._cost(one):
                one, two = two, one
            yield one
            yield two
            yield from self._draw.others(one, two)
            return
        costs = [*map(self._cost, self._endpoints)]
        first = self._soonest(costs)
        yield first
        others = zip(costs, count(), self._endpoints, strict=False)
        yield from [each for _, _, each in sorted(others) if each is not first]

    def _soonest(self, costs: list[float]) -> Endpoint:
        most = min(costs) * ALIKE
        alike = [each for each, cost in zip(self._endpoints, costs, strict=True) if cost <= most]
        if len(alike) == 1:
            return alike[0]
        left = self._number() * sum([each.weight for each in alike])
        for each in alike:
            left -= each.weight
            if left < 0:
                return each
        return alike[-1]

    def _cost(self, endpoint: Endpoint) -> float:
        usual = endpoint.usual
        if usual:
            known = self._known.get(endpoint)
            if known is None:
                known = self._known[endpoint] = _Known()
            if usual != known.usual:
                self._note(known, usual)
            time = known.time
            silent = clock.milliseconds - endpoint.counts[HEARD]
            if silent > _FRESH:
                known.is_old = True
                time *= 0.5 ** (silent / HALVED)
        else:
            time = self._quickest or 1.0
        return time * (1 + endpoint.running * self._mean / endpoint.weight)

    def _note(self, known: "_Known", usual: float) -> None:
        """An answer has come from it, or several."""
        if usual > known.usual:
            known.most = INFINITY
        elif known.is_old:  # it was tried: what its one answer took
            known.most = max(known.usual - (known.usual - usual) * _NEW, 0.0)
        known.usual = usual
        known.is_old = False
        known.time = time = min(usual, known.most)
        # The quickest falls at once and rises slowly, so that nobody has to look for it.
        before = self._quickest
        self._quickest = time if time < before or not before else before + (time - before) / 64


class _Known:
    """What is known of an endpoint. usual: its mean at the last look. most: no more than this, for
    it has answered better than its mean after a silence. time: what follows of both. is_old: it was
    silent at the last look."""

    __slots__ = ("is_old", "most", "time", "usual")

    def __init__(self) -> None:
        self.usual = self.time = 0.0
        self.most = INFINITY
        self.is_old = False
