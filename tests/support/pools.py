"""Endpoints and exchanges for tests of balancers."""

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

from porch.balance.endpoint import Endpoint
from porch.balance.upstream import Balancer
from porch.exchange import Exchange
from porch.http.message import Field

__all__ = ["NOBODY", "chosen", "counts", "exchange_of", "looked_at", "pool"]

NOBODY = cast("Exchange", None)
"""For balancers that do not look at it."""


def pool(*weights: float) -> list[Endpoint]:
    """Endpoints e0, e1, ... of these weights."""
    nowhere: Any = None
    return [Endpoint(f"e{number}", nowhere, weight) for number, weight in enumerate(weights)]


class _Noted(list[int]):
    """What runs somewhere; who sums it up is noted."""

    def __init__(self, runs: Sequence[int], looks: list[None]) -> None:
        super().__init__(runs)
        self._looks = looks

    def __iter__(self) -> Iterator[int]:
        self._looks.append(None)
        return super().__iter__()


def looked_at(endpoints: list[Endpoint]) -> list[None]:
    """An entry for each time that somebody looks from now on what runs at one of them."""
    looks: list[None] = []
    for each in endpoints:
        each.runs = _Noted(each.runs, looks)
    return looks


def exchange_of(
    client: bytes = b"192.0.2.1",
    target: bytes = b"/",
    fields: list[Field] | None = None,
    method: bytes = b"GET",
    scheme: bytes = b"http",
) -> Exchange:
    """As much of an exchange as balancers look at."""
    request = SimpleNamespace(
        method=method, target=target, fields=fields or [], upgrade=None, scheme=scheme
    )
    found: Any = SimpleNamespace(
        client=SimpleNamespace(peer=client),
        client_ip=client,
        request=request,
        endpoint=None,
        error=None,
        response=None,
    )
    return cast("Exchange", found)


def chosen(balancer: Balancer, exchange: Exchange = NOBODY) -> Endpoint:
    """The first candidate."""
    return next(balancer.candidates(exchange))


def counts(balancer: Balancer, endpoints: list[Endpoint], times: int) -> list[int]:
    """How often each of the endpoints is chosen."""
    found = dict.fromkeys(endpoints, 0)
    for _ in range(times):
        found[chosen(balancer)] += 1
    return [*found.values()]
