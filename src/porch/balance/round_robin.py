"""Smooth weighted round-robin: nginx's algorithm, even within each round.

Each endpoint gains its weight each turn; the richest is chosen and pays the sum of the weights.
Weights 5, 1, 1 give a a b a c a a and never five in a row.
"""

from collections.abc import Iterator, Sequence

from porch.balance.endpoint import Endpoint

__all__ = ["RoundRobin"]


class RoundRobin:
    """See upstream.Balancer. Keeps one number an endpoint."""

    __slots__ = ("_credit",)

    def __init__(self) -> None:
        self._credit: dict[str, int] = {}

    def order(self, endpoints: Sequence[Endpoint]) -> Iterator[Endpoint]:
        """See upstream.Balancer. Only the first choice pays; the rest follow by credit."""
        credit = self._credit
        total = most = 0
        first = endpoints[0]
        for each in endpoints:
            total += each.weight
            credit[each.name] = has = credit.get(each.name, 0) + each.weight
            if has > most:
                first, most = each, has
        credit[first.name] -= total
        yield first
        rest = [each for each in endpoints if each is not first]
        yield from sorted(rest, key=lambda each: -credit[each.name])
