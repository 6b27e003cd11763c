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

    __slots__ = ("_draw", "_endpoints", "_known", "_mean", "_quickest")

    def __init__(self, number: Callable[[], float] = random.random) -> None:
        """number: in [0, 1), for tests with a seed."""
        self._draw = Draw(number)
        self._endpoints: Sequence[Endpoint] = ()
        self._known = _All()
        self._mean = 1.0
        self._quickest = 0.0

    def use(self, up: Sequence[Endpoint], everyone: Sequence[Endpoint]) -> None:
        """See upstream.Balancer."""
        self._endpoints = up
        self._draw.use(up)
        self._mean = sum([each.weight for each in up]) / len(up)
        if len(self._known) > 2 * len(everyone):
            there = {*everyone}
            for each in [each for each in self._known if each not in there]:
                del self._known[each]

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
        first = self._soonest()
        yield first
        yield from sorted([each for each in self._endpoints if each is not first], key=self._cost)

    def _soonest(self) -> Endpoint:
        costs = [*map(self._cost, self._endpoints)]
        most = min(costs) * ALIKE
        if max(costs) <= most:
            return self._draw.one()
        alike = [each for each, cost in zip(self._endpoints, costs, strict=True) if cost <= most]
        return alike[0] if len(alike) == 1 else self._draw.one_of(alike)

    def _cost(self, endpoint: Endpoint) -> float:
        usual = endpoint.usual
        if usual:
            known = self._known[endpoint]
            if usual != known.usual:
                self._note(known, usual)
            if known.at != clock.milliseconds:
                known.age(endpoint.counts[HEARD])
            time = known.time
        else:
            time = self._quickest or 1.0
        return time * (1 + endpoint.running * self._mean / endpoint.weight)

    def _note(self, known: "_Known", usual: float) -> None:
        """An answer has come from it, or several."""
        time = known.note(usual)
        # The quickest falls at once and rises slowly, so that nobody has to look for it.
        before = self._quickest
        self._quickest = time if time < before or not before else before + (time - before) / 64


class _Known:
    """What is known of an endpoint. usual: its mean at the last look. most: no more than this, for
    it has answered better than its mean after a silence. is_old: it was silent at the last look.
    time: what follows of all that, `at` this tick of the clock."""

    __slots__ = ("at", "is_old", "most", "time", "usual")

    def __init__(self) -> None:
        self.usual = self.time = 0.0
        self.most = INFINITY
        self.is_old = False
        self.at = -1

    def note(self, usual: float) -> float:
        """Its mean is another one now. Returns what it takes, were it heard of just now."""
        if usual > self.usual:
            self.most = INFINITY
        elif self.is_old:  # it was tried: what its one answer took
            self.most = max(self.usual - (self.usual - usual) * _NEW, 0.0)
        self.usual = usual
        self.at = -1
        return min(usual, self.most)

    def age(self, heard: int) -> None:
        """Time has gone by since it was `heard` of."""
        self.at = clock.milliseconds
        self.time = min(self.usual, self.most)
        silent = self.at - heard
        self.is_old = silent > _FRESH
        if self.is_old:
            self.time *= 0.5 ** (silent / HALVED)


class _All(dict[Endpoint, _Known]):
    """What is known of each, from when it is first looked at."""

    def __missing__(self, endpoint: Endpoint) -> _Known:
        found = self[endpoint] = _Known()
        return found
