"""Least requests: the endpoint with the fewest under way for its weight, in all workers together.

Of few endpoints (EXACT) the idlest, drawn by weight where several are. Of many the idler of two
that are drawn by weight (the power of two choices, Mitzenmacher 2001): it comes close to the
minimum, costs the same whatever their number, and sends no herd to one fresh endpoint.
"""

import random
from collections.abc import Callable, Iterator, Sequence

from porch.balance.draw import Draw
from porch.balance.endpoint import Endpoint
from porch.clock import INFINITY
from porch.exchange import Exchange

__all__ = ["EXACT", "LeastRequests"]

EXACT = 4
"""Endpoints that are all looked at."""


class LeastRequests:
    """See upstream.Balancer."""

    __slots__ = ("_draw", "_endpoints")

    def __init__(self, number: Callable[[], float] = random.random) -> None:
        """number: in [0, 1), for tests with a seed."""
        self._draw = Draw(number)
        self._endpoints: Sequence[Endpoint] = ()

    def use(self, up: Sequence[Endpoint], everyone: Sequence[Endpoint]) -> None:
        """See upstream.Balancer."""
        self._endpoints = up
        self._draw.use(up)

    def candidates(self, exchange: Exchange) -> Iterator[Endpoint]:
        """See upstream.Balancer."""
        endpoints = self._endpoints
        if len(endpoints) > EXACT:
            one, two = self._draw.two()
            if _load(two) < _load(one):
                one, two = two, one
            yield one
            yield two
            yield from self._draw.others(one, two)
        else:
            first = self._idlest()
            yield first
            yield from sorted([each for each in endpoints if each is not first], key=_load)

    def _idlest(self) -> Endpoint:
        drawn = self._draw.one()
        if not drawn.running:
            return drawn  # nobody can have fewer
        least = INFINITY
        idle: list[Endpoint] = []
        for each in self._endpoints:
            load = each.running / each.weight
            if load < least:
                least = load
                idle = [each]
            elif load == least:
                idle.append(each)
        return idle[0] if len(idle) == 1 else self._draw.one_of(idle)


def _load(endpoint: Endpoint) -> float:
    return endpoint.running / endpoint.weight
