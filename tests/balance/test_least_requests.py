"""Least requests by two choices, its shares by chi-square on a fixed seed."""

import random
from collections import Counter
from collections.abc import Callable
from typing import cast

import pytest

from porch.balance.endpoint import Endpoint
from porch.balance.least_requests import LeastRequests
from porch.exchange import Exchange
from porch.route.route import RUNNING, Connections
from tests.support.chance import is_fair

NOBODY = cast("Exchange", None)


def pool(*weights: int) -> list[Endpoint]:
    return [Endpoint(f"e{n}", cast("Connections", None), each) for n, each in enumerate(weights)]


def made(endpoints: list[Endpoint], number: Callable[[], float]) -> LeastRequests:
    balancer = LeastRequests(number)
    balancer.use(endpoints, endpoints)
    return balancer


def firsts(endpoints: list[Endpoint], count: int) -> list[int]:
    balancer = made(endpoints, random.Random(3).random)
    chosen = Counter(next(balancer.candidates(NOBODY)).name for _ in range(count))
    return [chosen[each.name] for each in endpoints]


@pytest.mark.parametrize("weights", [(1, 1), (1, 1, 1), (3, 1), (5, 2, 1), (1,) * 10])
def test_idle_endpoints_share_by_weight(weights: tuple[int, ...]) -> None:
    found = firsts(pool(*weights), 4000)
    assert is_fair(found, weights)


def test_the_busier_of_two_is_never_chosen() -> None:
    endpoints = pool(1, 1)
    endpoints[0].counts[RUNNING] = 1
    assert firsts(endpoints, 200) == [0, 200]


def test_of_few_the_idlest_is_chosen() -> None:
    endpoints = pool(1, 1, 1, 1)
    for each, running in zip(endpoints, (2, 3, 5, 4), strict=True):
        each.counts[RUNNING] = running
    assert firsts(endpoints, 300) == [300, 0, 0, 0]


def test_of_few_that_are_as_idle_each_has_its_share() -> None:
    endpoints = pool(2, 1, 1)
    endpoints[1].counts[RUNNING] = 1
    assert is_fair([firsts(endpoints, 3000)[each] for each in (0, 2)], [2, 1])


def test_of_many_the_busiest_is_never_chosen() -> None:
    endpoints = pool(1, 1, 1, 1, 1)
    for each, running in zip(endpoints, (2, 3, 5, 4, 6), strict=True):
        each.counts[RUNNING] = running
    found = firsts(endpoints, 4000)
    assert found[4] == 0
    # Of the ten pairs the idlest wins four, the next three, then two, then one.
    assert is_fair([found[0], found[1], found[3], found[2]], [4, 3, 2, 1])


def test_weight_counts_what_runs() -> None:
    endpoints = pool(4, 1)
    endpoints[0].counts[RUNNING], endpoints[1].counts[RUNNING] = 3, 1
    assert firsts(endpoints, 100) == [100, 0]
    endpoints[0].counts[RUNNING] = 5
    assert firsts(endpoints, 100) == [0, 100]


def test_what_runs_settles_by_weight_under_load() -> None:
    endpoints = pool(6, 3, 1)
    chance = random.Random(5)
    balancer = made(endpoints, chance.random)
    running: list[Endpoint] = []
    totals = [0, 0, 0]
    for turn in range(6000):
        chosen = next(balancer.candidates(NOBODY))
        chosen.counts[RUNNING] += 1
        running.append(chosen)
        if len(running) > 100:
            running.pop(chance.randrange(len(running))).counts[RUNNING] -= 1
        if turn > 1000:
            totals = [had + each.running for had, each in zip(totals, endpoints, strict=True)]
    shares = [each / sum(totals) for each in totals]
    assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.02)


def test_the_others_follow_least_busy_first() -> None:
    endpoints = pool(1, 1, 1, 2)
    for each, running in zip(endpoints, (0, 4, 2, 6), strict=True):
        each.counts[RUNNING] = running
    names = [each.name for each in made(endpoints, lambda: 0.0).candidates(NOBODY)]
    assert names == ["e0", "e2", "e3", "e1"]


@pytest.mark.parametrize("number", [0.0, 0.5, 1 - 2**-53])
@pytest.mark.parametrize("count", [3, 6])
def test_every_endpoint_comes_once_whatever_is_drawn(number: float, count: int) -> None:
    endpoints = pool(*(3, 1, 7, 2, 2, 1)[:count])
    names = [each.name for each in made(endpoints, lambda: number).candidates(NOBODY)]
    assert sorted(names) == [f"e{each}" for each in range(count)]


@pytest.mark.parametrize(("number", "name"), [(0.0, "e0"), (0.49, "e0"), (0.51, "e1")])
def test_those_that_are_as_idle_are_drawn_in_their_order(number: float, name: str) -> None:
    assert next(made(pool(1, 1), lambda: number).candidates(NOBODY)).name == name
