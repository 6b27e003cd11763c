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

    __slots__ = ("_draw", "_few", "_known", "_mean", "_number", "_quickest", "_up")

    def __init__(self, number: Callable[[], float] = random.random) -> None:
        """number: in [0, 1), for tests with a seed."""
        self._draw = Draw(number)
        self._number = number
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
        until = 0.0
        for known in self._few:
            weight = known.endpoint.weight / self._mean
            known.share, until = 1 / weight, until + weight / len(up)
            known.until = until
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
        for known in few:  # as `_cost` does, without its calls: -0.2 us
            endpoint = known.endpoint
            time = endpoint.usual if known.at == now else 0.0
            if not time:
                time = self._time(known)
            known.cost = cost = time * (1 + sum(endpoint.runs) * known.share)
            if cost < least:
                least, first = cost, endpoint
            if cost > most:
                most = cost
        least *= ALIKE
        if most <= least:
            drawn = self._number()
            for known in few:
                if drawn < known.until:
                    break
            first = known.endpoint
        elif len(few) > 2:
            first = self._draw.one_of([each.endpoint for each in few if each.cost <= least])
        yield first
        yield from sorted([each for each in self._up if each is not first], key=self._cost)

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
    nobody has to look again. Where they are few: share, how often it has its weight in the mean of
    all; until, its weight and that of those before it, of 1 in all; cost, of the last choice."""

    __slots__ = ("at", "cost", "endpoint", "is_old", "most", "share", "until", "usual")

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.usual = self.cost = 0.0
        self.share = self.until = 1.0
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
