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
from copy import copy
from itertools import chain

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

_flat = chain.from_iterable


class LeastTime:
    """See upstream.Balancer.

    _few: of EXACT endpoints or fewer, each with what is known of it, and how often it has its
    weight in the mean of all. _half: what the first has of the weight of all.
    """

    __slots__ = ("_draw", "_few", "_half", "_known", "_mean", "_number", "_quickest", "_up")

    def __init__(self, number: Callable[[], float] = random.random) -> None:
        """number: in [0, 1), for tests with a seed."""
        self._draw = Draw(number)
        self._number = number
        self._up: Sequence[Endpoint] = ()
        self._known = _All()
        self._few: list[tuple[_Known, Endpoint, float]] = []
        self._half = 1.0
        self._mean = 1.0
        self._quickest = 0.0

    def use(self, up: Sequence[Endpoint], everyone: Sequence[Endpoint]) -> None:
        """See upstream.Balancer."""
        self._up = up
        self._draw.use(up)
        self._mean = sum([each.weight for each in up]) / len(up)
        several = up if len(up) <= EXACT else ()
        self._few = [(self._known[each], each, self._mean / each.weight) for each in several]
        self._half = up[0].weight / (self._mean * len(up))
        if len(self._known) > 2 * len(everyone):
            there = {*everyone}
            for each in [each for each in self._known if each not in there]:
                del self._known[each]

    def leading(self, exchange: Exchange) -> Sequence[Endpoint]:
        """See upstream.Balancer. Of many two are drawn, so that it may be anybody."""
        if not self._few:
            return self._up
        twin = copy(self)  # to look at an endpoint is to know more of it
        twin._known = _All({each: copy(known) for each, known in self._known.items()})
        costs = {each: twin._cost(each) for each in self._up}
        least = min(costs.values()) * ALIKE
        return [each for each, cost in costs.items() if cost <= least]

    def candidates(self, exchange: Exchange) -> Iterator[Endpoint]:
        """See upstream.Balancer."""
        few = self._few
        if not few:
            return self._of_many()
        now = clock.milliseconds
        least = second = INFINITY
        for known, endpoint, share in few:  # as `_cost` does, without its calls: -0.2 us
            if known.at != now or not (time := endpoint.usual):
                time = self._time(known)
            known.cost = cost = time * (1 + sum(endpoint.runs) * share)
            if cost < least:
                second, least, first = least, cost, endpoint
            elif cost < second:
                second = cost
        if len(few) == 2:  # it is known who comes second: -0.2 us
            one, two = self._up
            if second <= least * ALIKE:
                first = one if self._number() < self._half else two
            return iter((one, two) if first is one else (two, one))
        least *= ALIKE
        if second <= least:
            weights = 0.0
            for known, endpoint, _ in few:  # of those that are as good each comes by its weight
                if known.cost <= least:
                    before, weights = weights, weights + endpoint.weight
                    if self._number() * weights >= before:
                        first = endpoint
        chosen = (first,)
        return chain(chosen, _flat(map(self._others, chosen)))  # in order when somebody asks

    def _others(self, first: Endpoint) -> list[Endpoint]:
        return sorted([each for each in self._up if each is not first], key=self._cost)

    def _of_many(self) -> Iterator[Endpoint]:
        one, two = self._draw.two()
        if self._cost(two) * ALIKE < self._cost(one):
            one, two = two, one
        return chain((one, two), _flat(map(self._draw.others, (one,), (two,))))

    def _cost(self, endpoint: Endpoint) -> float:
        known = self._known[endpoint]
        time = endpoint.usual if known.at == clock.milliseconds else 0.0
        if not time:
            time = self._time(known)
        return time * (1 + sum(endpoint.runs) * self._mean / endpoint.weight)

    def _time(self, known: "_Known") -> float:
        """What an endpoint takes that is not known, or was not looked at in this tick."""
        if not known.endpoint.usual:
            return self._quickest or 1.0
        is_other = known.endpoint.usual != known.usual
        time = known.look()
        if is_other:
            # The quickest falls at once and rises slowly, so that nobody has to look for it.
            before = self._quickest
            fresh = min(known.usual, known.most)
            self._quickest = (
                fresh if fresh < before or not before else before + (fresh - before) / 64
            )
        return time


class _Known:
    """What is known of an endpoint. usual: its mean at the last look. most: no more than this, for
    it has answered better than its mean after a silence. is_old: it was silent at the last look.
    at: the tick of the clock of a look that found its time to be its mean, so that in this tick
    nobody has to look again. cost: of the last choice, where they are few."""

    __slots__ = ("at", "cost", "endpoint", "is_old", "most", "usual")

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.usual = self.cost = 0.0
        self.most = INFINITY
        self.is_old = False
        self.at = -1

    def look(self) -> float:
        """An answer may have come from it, and time has gone by. Returns what it takes."""
        usual = self.endpoint.usual
        if usual > self.usual:
            self.most = INFINITY
        elif usual < self.usual and self.is_old:  # it was tried: what its one answer took
            self.most = max(self.usual - (self.usual - usual) * _NEW, 0.0)
        self.usual = usual
        now = clock.milliseconds
        silent = now - self.endpoint.counts[HEARD]
        self.is_old = silent > _FRESH
        time = min(usual, self.most)
        self.at = now if time == usual and not self.is_old else -1
        return time * 0.5 ** (silent / HALVED) if self.is_old else time


class _All(dict[Endpoint, _Known]):
    """What is known of each, from when it is first looked at."""

    def __missing__(self, endpoint: Endpoint) -> _Known:
        found = self[endpoint] = _Known(endpoint)
        return found
