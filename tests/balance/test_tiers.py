"""What each tier takes, and what the next one gets."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.balance.endpoint import Endpoint
from porch.balance.first_available import FirstAvailable
from porch.balance.least_requests import LeastRequests
from porch.balance.random_choice import RandomChoice
from porch.balance.round_robin import RoundRobin
from porch.balance.tiers import Tiers
from tests.support.chance import is_fair
from tests.support.pools import NOBODY, chosen, pool


def tiers(*sizes: int) -> list[list[Endpoint]]:
    endpoints = pool(*[1] * sum(sizes))
    found = []
    for priority, size in enumerate(sizes):
        found.append(endpoints[:size])
        del endpoints[:size]
        for each in found[-1]:
            each.priority = priority
    return found


def taken(every: list[list[Endpoint]], up: list[int], times: int = 4000) -> list[int]:
    """What each tier takes of so many requests, while so many of each are in rotation."""
    balancer = Tiers(RandomChoice, random.Random(7).random)
    there = [each for tier, count in zip(every, up, strict=True) for each in tier[:count]]
    balancer.use(there, [each for tier in every for each in tier])
    found = [0] * len(every)
    for _ in range(times):
        found[chosen(balancer).priority] += 1
    return found


@pytest.mark.parametrize("up", [10, 9, 8])
def test_a_tier_keeps_all_while_it_can_carry_it(up: int) -> None:
    assert taken(tiers(10, 10), [up, 10]) == [4000, 0]


@pytest.mark.parametrize(("up", "share"), [(7, 0.98), (5, 0.7), (3, 0.42), (1, 0.14)])
def test_below_that_the_next_gets_what_is_missing(up: int, share: float) -> None:
    assert is_fair(taken(tiers(10, 10), [up, 10]), [share, 1 - share])


def test_a_tier_of_which_nobody_is_left_takes_nothing() -> None:
    assert taken(tiers(4, 4, 4), [0, 4, 4]) == [0, 4000, 0]
    assert is_fair(taken(tiers(4, 4, 4), [1, 2, 4])[:2], [0.35, 0.65])


def test_tiers_that_are_too_few_together_share_as_they_can() -> None:
    # 28 % and 14 % of what is needed: two thirds and one third.
    assert is_fair(taken(tiers(10, 10), [2, 1]), [2, 1])


def test_weights_count_and_those_of_0_do_not() -> None:
    every = tiers(3, 2)
    every[0][0].weight, every[0][2].weight = 8, 0
    assert taken(every, [1, 2]) == [4000, 0], "8 of 9 are there"


def test_the_other_tiers_follow_in_their_order() -> None:
    one, two, three = tiers(2, 2, 1)
    balancer = Tiers(FirstAvailable, lambda: 0.0)
    everyone = [*three, *two, *one]
    balancer.use(everyone, everyone)
    assert [*balancer.candidates(NOBODY)] == [*one, *two, *three]
    balancer = Tiers(FirstAvailable, lambda: 0.99)
    balancer.use([one[0], *two, *three], everyone)
    assert [*balancer.candidates(NOBODY)] == [*two, one[0], *three]


def test_a_tier_keeps_its_balancer_when_others_come_and_go() -> None:
    one, two = tiers(3, 2)
    balancer = Tiers(RoundRobin, lambda: 0.0)
    everyone = one + two
    balancer.use(everyone, everyone)
    assert chosen(balancer) is one[0]
    balancer.use([*one, two[0]], everyone)
    assert chosen(balancer) is one[1]


@pytest.mark.parametrize("number", [0.0, 0.5, 1 - 2**-53])
@given(ups=st.lists(st.sets(st.integers(0, 8), min_size=2), min_size=1, max_size=5))
def test_each_comes_once_whoever_comes_and_goes(number: float, ups: list[set[int]]) -> None:
    everyone = [each for tier in tiers(4, 1, 4) for each in tier]
    balancer = Tiers(lambda: LeastRequests(lambda: number), lambda: number)
    for up in ups:
        there = [everyone[each] for each in sorted(up)]
        balancer.use(there, everyone)
        order = [each.name for each in balancer.candidates(NOBODY)]
        assert sorted(order) == sorted(each.name for each in there)
