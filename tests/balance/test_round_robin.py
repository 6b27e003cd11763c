"""Smooth weighted round-robin."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.balance.endpoint import Endpoint
from porch.balance.round_robin import RoundRobin
from porch.route.route import Connections


def pool(**weights: int) -> list[Endpoint]:
    return [Endpoint(name, cast("Connections", None), each) for name, each in weights.items()]


def first(balancer: RoundRobin, endpoints: list[Endpoint]) -> str:
    return next(balancer.order(endpoints)).name


def test_heavy_endpoints_are_not_chosen_in_bursts() -> None:
    endpoints = pool(a=5, b=1, c=1)
    balancer = RoundRobin()
    assert "".join(first(balancer, endpoints) for _ in range(14)) == "aabacaa" * 2


def test_equal_endpoints_take_turns_as_they_are_written() -> None:
    endpoints = pool(a=1, b=1, c=1)
    balancer = RoundRobin()
    assert "".join(first(balancer, endpoints) for _ in range(6)) == "abcabc"


def test_the_others_follow_so_that_a_retry_goes_elsewhere() -> None:
    endpoints = pool(a=1, b=3, c=2)
    assert [each.name for each in RoundRobin().order(endpoints)] == ["b", "c", "a"]


@pytest.mark.parametrize("taken", [1, 3])
def test_only_the_first_choice_pays(taken: int) -> None:
    endpoints = pool(a=1, b=1, c=1)
    balancer = RoundRobin()
    for _ in range(3):
        order = balancer.order(endpoints)
        for _ in range(taken):
            next(order)
    assert first(balancer, endpoints) == "a"


weights = st.lists(st.integers(1, 9), min_size=2, max_size=5)


@given(weights)
def test_every_round_gives_exactly_the_weights(given: list[int]) -> None:
    endpoints = pool(**{f"e{number}": weight for number, weight in enumerate(given)})
    balancer = RoundRobin()
    for _ in range(2):
        chosen = [first(balancer, endpoints) for _ in range(sum(given))]
        assert [chosen.count(each.name) for each in endpoints] == given


@given(weights, st.lists(st.sets(st.integers(0, 4), min_size=2), max_size=30))
def test_credit_stays_bounded_when_endpoints_come_and_go(
    given: list[int], turns: list[set[int]]
) -> None:
    endpoints = pool(**{f"e{number}": weight for number, weight in enumerate(given)})
    balancer = RoundRobin()
    for turn in turns:
        there = [endpoints[number] for number in sorted(turn) if number < len(endpoints)]
        if len(there) > 1:
            order = [each.name for each in balancer.order(there)]
            assert sorted(order) == sorted(each.name for each in there)
    credit = balancer._credit
    assert sum(credit.values()) == 0
    assert all(abs(each) <= sum(given) * len(given) for each in credit.values())
