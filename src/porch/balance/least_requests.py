"""Least requests by the power of two choices (Mitzenmacher 2001).

Two endpoints are drawn by weight and the one with fewer running requests for its weight is
taken, the first where they are equal: idle endpoints share by weight. Two draws come close to the
exact minimum and do not send a herd to one fresh endpoint.
"""

import random
from collections.abc import Callable, Iterator, Sequence

from porch.balance.endpoint import Endpoint

__all__ = ["LeastRequests"]


class LeastRequests:
    """See upstream.Balancer."""

    __slots__ = ("_draw",)

    def __init__(self, draw: Callable[[], float] = random.random) -> None:
        """draw: a number in [0, 1), for tests with a seed."""
        self._draw = draw

    def order(self, endpoints: Sequence[Endpoint]) -> Iterator[Endpoint]:
        """See upstream.Balancer."""
        first = self._choose(endpoints)
        yield first
        rest = [each for each in endpoints if each is not first]
        yield from sorted(rest, key=_load)

    def _choose(self, endpoints: Sequence[Endpoint]) -> Endpoint:
        one = self._pick(endpoints)
        two = self._pick([each for each in endpoints if each is not one])
        return one if _load(one) <= _load(two) else two

    def _pick(self, endpoints: Sequence[Endpoint]) -> Endpoint:
        left = self._draw() * sum(each.weight for each in endpoints)
        for each in endpoints:
            left -= each.weight
            if left < 0:
                return each
        return endpoints[-1]


def _load(endpoint: Endpoint) -> float:
    return endpoint.running / endpoint.weight
