"""Random: each by its weight, whatever runs where.

It knows nothing and so can be wrong about nothing: workers and machines that know nothing of one
another never send their clients to the same endpoint at once.
"""

import random
from collections.abc import Callable, Iterator, Sequence

from porch.balance.draw import Draw
from porch.balance.endpoint import Endpoint
from porch.exchange import Exchange

__all__ = ["RandomChoice"]


class RandomChoice:
    """See upstream.Balancer."""

    __slots__ = ("_draw",)

    def __init__(self, number: Callable[[], float] = random.random) -> None:
        """number: in [0, 1), for tests with a seed."""
        self._draw = Draw(number)

    def use(self, up: Sequence[Endpoint], everyone: Sequence[Endpoint]) -> None:
        """See upstream.Balancer."""
        self._draw.use(up)

    def leading(self, exchange: Exchange) -> Sequence[Endpoint]:
        """See upstream.Balancer."""
        return self._draw.all

    def candidates(self, exchange: Exchange) -> Iterator[Endpoint]:
        """See upstream.Balancer."""
        first = self._draw.one()
        yield first
        yield from self._draw.others(first)
