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

    __slots__ = ("_draw", "_few", "_known", "_mean", "_quickest", "_up")

    def __init__(self, number: Callable[[], float] = random.random) -> None:
        """number: in [0, 1), for tests with a seed."""
        self._draw = Draw(number)
        self._up: Sequence[Endpoint] = ()
        self._known = _All()
        self._few: Sequence[_Known] = ()
        self._mean = 1.0
        self._quickest = 0.0

    def use(self, up: Sequence[Endpoint], everyone: Sequence[Endpoint]) -> None:
        """See upstream.Balancer."""
        self._up = up
        self._draw.use(up)
        self._mean = sum([each.weight for each in up]) / len(up)
        self._few = [self._known[each] for each in up] if len(up) <= EXACT else ()
        for known in self._few:
            known.share = self._mean / known.endpoint.weight
        if len(self._known) > 2 * len(everyone):
            there = {*everyone}
            for each in [each for each in self._known if each not in there]:
                del self._known[each]

    def candidates(self, exchange: Exchange) -> Iterator[Endpoint]:
        """See upstream.Balancer."""
        if len(self._up) > EXACT:
            one, two = self._draw.two()
            if self._cost(two) * ALIKE < self._cost(one):
                one, two = two, one
            yield one
            yield two
            yield from self._draw.others(one, two)
            return
        now = clock.milliseconds
        few = self._few
        least, most = INFINITY, 0.0
        for known in few:  # as `_cost` does, without its calls: -0.3 us
            endpoint = known.endpoint
            usual = endpoint.usual
            if usual != known.usual or now != known.at:
                self._quickest = known.look(usual, self._quickest)
            known.cost = cost = known.time * (1 + sum(endpoint.runs) * known.share)
            if cost < least:
                least, first = cost, endpoint
            if cost > most:
                most = cost
        least *= ALIKE
        if most <= least:
            first = self._draw.one()
        elif len(few) > 2:
            first = self._draw.one_of([each.endpoint for each in few if each.cost <= least])
        yield first
        yield from sorted([each for each in self._up if each is not first], key=self._cost)

    def _cost(self, endpoint: Endpoint) -> float:
        known, usual = self._known[endpoint], endpoint.usual
        if usual != known.usual or clock.milliseconds != known.at:
            self._quickest = known.look(usual, self._quickest)
        return known.time * (1 + sum(endpoint.runs) * self._mean / endpoint.weight)


class _Known:
    """What is known of an endpoint. usual: its mean at the last look. most: no more than this, for
    it has answered better than its mean after a silence. is_old: it was silent at the last look.
    time: what follows of all that, `at` this tick of the clock. share: how often it has its weight
    in the mean of all. cost: at the last look, where they are few."""

    __slots__ = ("at", "cost", "endpoint", "is_old", "most", "share", "time", "usual")

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.usual = self.time = self.cost = 0.0
        self.share = 1.0
        self.most = INFINITY
        self.is_old = False
        self.at = -1

    def look(self, usual: float, quickest: float) -> float:
        """Its mean may be another one now, or time has gone by. Returns what the quickest takes."""
        if not usual:
            self.time = quickest or 1.0
            self.at = -1
            return quickest
        if usual != self.usual:  # an answer has come from it, or several
            if usual > self.usual:
                self.most = INFINITY
            elif self.is_old:  # it was tried: what its one answer took
                self.most = max(self.usual - (self.usual - usual) * _NEW, 0.0)
            self.usual = usual
            time = usual if usual < self.most else self.most
            # The quickest falls at once and rises slowly, so that nobody has to look for it.
            if time < quickest or not quickest:
                quickest = time
            else:
                quickest += (time - quickest) / 64
        else:
            time = usual if usual < self.most else self.most
        self.at = now = clock.milliseconds
        silent = now - self.endpoint.counts[HEARD]
        self.is_old = silent > _FRESH
        self.time = time * 0.5 ** (silent / HALVED) if self.is_old else time
        return quickest


class _All(dict[Endpoint, _Known]):
    """What is known of each, from when it is first looked at."""

    def __missing__(self, endpoint: Endpoint) -> _Known:
        found = self[endpoint] = _Known(endpoint)
        return found
