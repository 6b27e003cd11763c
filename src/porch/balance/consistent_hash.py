"""Consistent hash with bounded load: a key has an endpoint of its own, unless that is too busy.

An endpoint that goes moves its own keys and no others (ring.py). One that has more than BOUND times
its share of what runs passes a key on to the one that follows on the ring (Mirrokni, Thorup and
Zadimoghaddam 2016), so that one hot key cannot bury its endpoint; those few that a browser opens at
once (LEAST) stay together whatever the others do. A request without the key goes to an endpoint
drawn by weight.
"""

import random
from collections.abc import Callable, Container, Iterator, Sequence

from porch.balance.draw import Draw
from porch.balance.endpoint import Endpoint
from porch.balance.mean_load import MeanLoad
from porch.balance.ring import Ring, point_of
from porch.exchange import Exchange

__all__ = ["BOUND", "LEAST", "ConsistentHash", "Key"]

Key = Callable[[Exchange], bytes | None]
"""What a request is told from others by; None if it has none."""

BOUND = 1.25
"""Times its share that an endpoint takes (Google's and HAProxy's documents say 1.25 to 2)."""
LEAST = 8
"""Requests under way that are never too many: a browser opens 6 connections."""
_PASSED = 32
"""Endpoints that are too busy and are passed. When so many are, what is known of the others is old
(mean_load.py), and the least busy of these takes it."""
_FAR = 512
"""Points that are passed in search of one that is in rotation."""


class ConsistentHash:
    """See upstream.Balancer. key: of a request. ring: with all endpoints of the pool, or empty:
    balancers of one pool share it."""

    __slots__ = ("_draw", "_key", "_load", "_ring", "_up")

    def __init__(
        self, key: Key, ring: Ring | None = None, number: Callable[[], float] = random.random
    ) -> None:
        """number: in [0, 1), for tests with a seed."""
        self._key = key
        self._ring = ring or Ring()
        self._draw = Draw(number)
        self._up: dict[Endpoint, None] = {}
        self._load: MeanLoad | None = None

    def use(self, up: Sequence[Endpoint], everyone: Sequence[Endpoint]) -> None:
        """See upstream.Balancer."""
        self._ring.place(everyone)
        self._draw.use(up)
        self._up = dict.fromkeys(up)
        self._load = MeanLoad(up, self._load)

    def candidates(self, exchange: Exchange) -> Iterator[Endpoint]:
        """See upstream.Balancer. As they follow on the ring; those that have too much to do come
        last."""
        key = self._key(exchange)
        if key is None:
            drawn = self._draw.one()
            yield drawn
            yield from self._draw.others(drawn)
            return
        point = point_of(key)
        first = self._ring.find(point, self._up)
        busy: list[Endpoint] = []
        if first is None:
            first = self._search(point, busy)
        elif self._is_busy(first):
            busy.append(first)
            first = self._ring.find(point, self._up, busy)  # no generator yet: -1.5 us
            if first is None or self._is_busy(first):
                first = self._search(point, busy)
        yield first
        yield from self._others(point, first, busy)

    def leading(self, exchange: Exchange) -> Sequence[Endpoint]:
        """See upstream.Balancer. Anybody where there is no key."""
        key = self._key(exchange)
        if key is None:
            return self._draw.all
        assert self._load is not None
        up, bound = self._up, self._load.foreseen * BOUND
        busy: list[Endpoint] = []
        for each in self._ring.walk(point_of(key)):
            if each in up and each not in busy:
                if sum(each.runs) < max(LEAST, bound * each.weight):
                    return (each,)
                busy.append(each)
                if len(busy) == len(up):
                    break
                if len(busy) == _PASSED:
                    return (min(busy, key=_load),)
        return busy[:1]

    def _search(self, point: int, busy: list[Endpoint]) -> Endpoint:
        """The first that is not too busy. busy: those that are; the first of them may be known."""
        up = self._up
        far = 0
        for each in self._ring.walk(point):
            far += 1
            if each in up and each not in busy:
                far = 0
                if not self._is_busy(each):
                    return each
                busy.append(each)
                if len(busy) == len(up):
                    break
                if len(busy) == _PASSED:
                    return min(busy, key=_load)
            if far >= _FAR:
                break
        return busy[0] if busy else next(self._rest(point, ()))

    def _others(self, point: int, first: Endpoint, busy: list[Endpoint]) -> Iterator[Endpoint]:
        up = self._up
        seen = {first, *busy}
        far = 0
        for each in self._ring.walk(point):
            far += 1
            if each in up and each not in seen:
                seen.add(each)
                far = 0
                yield each
            if far >= _FAR or len(seen) == len(up):
                break
        yield from [each for each in busy if each is not first]
        yield from self._rest(point, seen)

    def _rest(self, point: int, seen: Container[Endpoint]) -> Iterator[Endpoint]:
        """Those that were not met: where nearly all are out of rotation, by number."""
        left = [each for each in self._up if each not in seen]
        if left:
            start = point % len(left)
            yield from left[start:]
            yield from left[:start]

    def _is_busy(self, endpoint: Endpoint) -> bool:
        """Whether one more is too much for it."""
        running = sum(endpoint.runs)
        if running < LEAST:
            return False
        assert self._load is not None
        return running >= self._load.look() * BOUND * endpoint.weight


def _load(endpoint: Endpoint) -> float:
    return sum(endpoint.runs) / endpoint.weight
