"""A pool gives every endpoint once, those that refuse last, and one of them for a look."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import cast

import pytest

from porch import clock
from porch.balance.endpoint import REDIAL, Endpoint
from porch.balance.upstream import Upstream
from porch.exchange import Exchange
from porch.route.route import Connections


class FakeClock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    fake = FakeClock()
    monkeypatch.setattr(clock, "monotonic", fake)
    return fake


class AsWritten:
    """A balancer that keeps the order and counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def order(self, endpoints: Sequence[Endpoint]) -> Iterator[Endpoint]:
        self.asked.append([each.name for each in endpoints])
        return iter(endpoints)


def pool(names: str, *refused: str) -> Upstream:
    endpoints = [Endpoint(name, cast("Connections", None)) for name in names]
    for each in endpoints:
        if each.name in refused:
            each.on_failure("connection_refused")
    return Upstream("pool", endpoints, AsWritten())


def order(upstream: Upstream, most: int | None = None) -> str:
    found = upstream.candidates(cast("Exchange", None))
    return "".join(each.name for each in islice(found, most))


def test_the_balancer_orders_what_is_up() -> None:
    upstream = pool("abc")
    assert order(upstream) == "abc"
    assert cast("AsWritten", upstream._balancer).asked == [["a", "b", "c"]]


def test_an_only_endpoint_is_tried_whatever_it_did(time: FakeClock) -> None:
    upstream = pool("a", "a")
    assert order(upstream) == "a"
    assert cast("AsWritten", upstream._balancer).asked == []


def test_an_endpoint_that_refused_comes_last(time: FakeClock) -> None:
    assert order(pool("abc", "a")) == "bca"
    assert order(pool("abc", "a", "c")) == "bac"


def test_when_all_refuse_all_are_tried(time: FakeClock) -> None:
    assert order(pool("abc", "a", "b", "c")) == "abc"


def test_an_endpoint_that_refused_is_looked_at_once_in_a_while(time: FakeClock) -> None:
    upstream = pool("ab", "a")
    time.now += REDIAL
    assert [order(upstream, 1) for _ in range(3)] == ["a", "b", "b"]
    time.now += REDIAL
    assert [order(upstream, 1) for _ in range(2)] == ["a", "b"]


def test_a_request_that_goes_elsewhere_is_no_look(time: FakeClock) -> None:
    upstream = pool("ab", "b")
    time.now += REDIAL
    assert order(upstream, 1) == "a"
    assert upstream.endpoints[1].is_due()
    assert order(upstream, 2) == "ab"
    assert not upstream.endpoints[1].is_due()


def test_an_endpoint_that_is_back_takes_its_part(time: FakeClock) -> None:
    upstream = pool("ab", "a")
    upstream.endpoints[0].on_success()
    assert order(upstream) == "ab"


def test_an_empty_pool_has_no_candidates() -> None:
    assert order(pool("")) == ""


def test_it_prints_its_name_and_size() -> None:
    assert repr(pool("abc")) == "<Upstream pool 3 endpoints>"
