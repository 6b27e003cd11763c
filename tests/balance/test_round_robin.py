"""Smooth weighted round-robin."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.balance.endpoint import Endpoint
from porch.balance.round_robin import RoundRobin
from porch.exchange import Exchange
from porch.route.route import REQUESTS, Connections

NOBODY = cast("Exchange", None)


def pool(**weights: int) -> list[Endpoint]:
    return [Endpoint(name, cast("Connections", None), each) for name, each in weights.items()]


def balancer(endpoints: list[Endpoint]) -> RoundRobin:
    made = RoundRobin()
    made.use(endpoints, endpoints)
    return made


def first(of: RoundRobin) -> str:
    return next(of.candidates(NOBODY)).name


def test_heavy_endpoints_are_not_chosen_in_bursts() -> None:
    one = balancer(pool(a=5, b=1, c=1))
    assert "".join(first(one) for _ in range(14)) == "aabaaca" * 2


def test_equal_endpoints_take_turns_as_they_are_written() -> None:
    one = balancer(pool(a=1, b=1, c=1))
    assert "".join(first(one) for _ in range(6)) == "abcabc"


def test_the_others_follow_so_that_a_retry_goes_elsewhere() -> None:
    one = balancer(pool(a=1, b=2, c=4))
    assert [each.name for each in one.candidates(NOBODY)] == ["a", "b", "c"]
    assert [each.name for each in one.candidates(NOBODY)] == ["b", "c", "a"]


@pytest.mark.parametrize("taken", [1, 3])
def test_only_the_first_choice_has_had_its_turn(taken: int) -> None:
    one = balancer(pool(a=1, b=1, c=1))
    for _ in range(3):
        order = one.candidates(NOBODY)
        for _ in range(taken):
            next(order)
    assert first(one) == "a"


def test_who_stays_keeps_its_turn_when_others_come_and_go() -> None:
    endpoints = pool(a=1, b=1, c=1)
    one = balancer(endpoints)
    assert first(one) == "a"
    one.use([endpoints[0], endpoints[2]], endpoints)
    assert "".join(first(one) for _ in range(4)) == "caca"
    one.use(endpoints, endpoints)
    assert sorted(first(one) for _ in range(3)) == ["a", "b", "c"], "no burst for who comes back"


weights = st.lists(st.integers(1, 9), min_size=2, max_size=5)


@given(weights)
def test_every_round_gives_the_weights(given: list[int]) -> None:
    endpoints = pool(**{f"e{number}": weight for number, weight in enumerate(given)})
    one = balancer(endpoints)
    for rounds in range(1, 4):
        for _ in range(sum(given)):
            first_now = next(one.candidates(NOBODY))
            first_now.counts[REQUESTS] += 1
        for each, weight in zip(endpoints, given, strict=True):
            assert abs(each.requests - rounds * weight) <= 1


@given(weights, st.lists(st.sets(st.integers(0, 4), min_size=2), max_size=30))
def test_each_comes_once_whoever_comes_and_goes(given: list[int], turns: list[set[int]]) -> None:
    endpoints = pool(**{f"e{number}": weight for number, weight in enumerate(given)})
    one = RoundRobin()
    for turn in turns:
        there = [endpoints[number] for number in sorted(turn) if number < len(endpoints)]
        if len(there) > 1:
            one.use(there, endpoints)
            order = [each.name for each in one.candidates(NOBODY)]
            assert sorted(order) == sorted(each.name for each in there)


def test_who_looks_at_who_leads_takes_nobodys_turn() -> None:
    one = balancer(pool(a=1, b=1))
    for turn in "abab":
        for _ in range(3):
            assert [each.name for each in one.leading(NOBODY)] == [turn]
        assert first(one) == turn
