"""Least requests: the endpoint with the fewest under way for its weight, in all workers together.

Of few endpoints (EXACT) the idlest, drawn by weight where several are. Of many the idler of two
that are drawn by weight (the power of two choices, Mitzenmacher 2001): it comes close to the
minimum, costs the same whatever their number, and sends no herd to one fresh endpoint.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from porch.balance.draw import Draw
from porch.balance.endpoint import Endpoint
from porch.clock import INFINITY
from porch.exchange import Exchange

__all__ = ["EXACT", "LeastRequests"]

EXACT = 4
"""Endpoints that are all looked at."""

_flat = chain.from_iterable


class LeastRequests:
    """See upstream.Balancer."""

    __slots__ = ("_draw", "_endpoints", "_number")

    def __init__(self, number: Callable[[], float] = random.random) -> None:
        """number: in [0, 1), for tests with a seed."""
        self._draw = Draw(number)
        self._number = number
        self._endpoints: Sequence[Endpoint] = ()

    def use(self, up: Sequence[Endpoint], everyone: Sequence[Endpoint]) -> None:
        """See upstream.Balancer."""
        self._endpoints = up
        self._draw.use(up)

    def leading(self, exchange: Exchange) -> Sequence[Endpoint]:
        """See upstream.Balancer. Of many two are drawn, so that it may be anybody."""
        endpoints = self._endpoints
        if len(endpoints) > EXACT:
            return endpoints
        least = min(map(_load, endpoints))
        return [each for each in endpoints if _load(each) == least]

    def candidates(self, exchange: Exchange) -> Iterator[Endpoint]:
        """See upstream.Balancer."""
        endpoints = self._endpoints
        if len(endpoints) > EXACT:
            return self._of_many()
        first, least, alike = endpoints[0], INFINITY, 0.0
        for each in endpoints:  # here and not in a function: -0.1 us
            load = sum(each.runs) / each.weight
            if load < least:
                first, least, alike = each, load, each.weight
            elif load == least:  # of those that are as idle each comes by its weight
                before, alike = alike, alike + each.weight
                if self._number() * alike >= before:
                    first = each
        if len(endpoints) == 2:  # it is known who comes second: -0.2 us
            one, two = endpoints
            return iter((one, two) if first is one else (two, one))
        chosen = (first,)
        return chain(chosen, _flat(map(self._others, chosen)))  # in order when somebody asks

    def _others(self, first: Endpoint) -> list[Endpoint]:
        return sorted([each for each in self._endpoints if each is not first], key=_load)

    def _of_many(self) -> Iterator[Endpoint]:
        one, two = self._draw.two()
        if sum(two.runs) / two.weight < sum(one.runs) / one.weight:
            one, two = two, one
        return chain((one, two), _flat(map(self._draw.others, (one,), (two,))))


def _load(endpoint: Endpoint) -> float:
    return sum(endpoint.runs) / endpoint.weight
