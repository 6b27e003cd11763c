"""Upstream: a named pool of endpoints and the algorithm that orders them."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from porch.balance.endpoint import Endpoint
from porch.exchange import Exchange

__all__ = ["Balancer", "Upstream"]


class Balancer(Protocol):
    """An algorithm: orders endpoints for one exchange."""

    def order(self, endpoints: Sequence[Endpoint]) -> Iterator[Endpoint]:
        """Each of `endpoints` once, best first. Called with at least two."""


class Upstream:
    """A named pool. See route.Destination.

    An endpoint that refused is left out and dialled again every half second; when nothing else
    is left it is tried all the same, for a try costs less than an error page.
    """

    __slots__ = ("_balancer", "endpoints", "name")

    def __init__(self, name: str, endpoints: Sequence[Endpoint], balancer: Balancer) -> None:
        self.name = name
        self.endpoints = tuple(endpoints)
        self._balancer = balancer

    def __repr__(self) -> str:
        return f"<Upstream {self.name} {len(self.endpoints)} endpoints>"

    def candidates(self, exchange: Exchange) -> Iterator[Endpoint]:
        """See route.Destination."""
        endpoints = self.endpoints
        if len(endpoints) == 1:
            return iter(endpoints)
        return self._several()

    def _several(self) -> Iterator[Endpoint]:
        up = [each for each in self.endpoints if not each.refused or each.is_due()]
        for each in self._balancer.order(up) if len(up) > 1 else up:
            if each.refused:
                each.on_redial()
            yield each
        yield from [each for each in self.endpoints if each not in up]
