"""Least requests by two choices, its shares by chi-square on a fixed seed."""

import random
from collections import Counter
from typing import cast

import pytest

from porch.balance.endpoint import Endpoint
from porch.balance.least_requests import LeastRequests
from porch.route.route import RUNNING, Connections

CHI_SQUARE = {1: 10.83, 2: 13.82, 3: 16.27, 9: 27.88}
"""Degrees of freedom -> what a fair sample exceeds once in a thousand."""


def pool(*weights: int) -> list[Endpoint]:
    return [Endpoint(f"e{n}", cast("Connections", None), each) for n, each in enumerate(weights)]


def chi_square(found: list[int], shares: list[float]) -> float:
    total = sum(found)
    wanted = [total * share / sum(shares) for share in shares]
    return sum((have - want) ** 2 / want for have, want in zip(found, wanted, strict=True))


def firsts(endpoints: list[Endpoint], count: int) -> list[int]:
    balancer = LeastRequests(random.Random(3).random)
    chosen = Counter(next(balancer.order(endpoints)).name for _ in range(count))
    return [chosen[each.name] for each in endpoints]


@pytest.mark.parametrize("weights", [(1, 1), (1, 1, 1), (3, 1), (5, 2, 1), (1,) * 10])
def test_idle_endpoints_share_by_weight(weights: tuple[int, ...]) -> None:
    found = firsts(pool(*weights), 4000)
    assert chi_square(found, list(weights)) < CHI_SQUARE[len(weights) - 1]


def test_the_busier_of_two_is_never_chosen() -> None:
    endpoints = pool(1, 1)
    endpoints[0].counts[RUNNING] = 1
    assert firsts(endpoints, 200) == [0, 200]


def test_the_busiest_of_all_is_never_chosen() -> None:
    endpoints = pool(1, 1, 1, 1)
    for each, running in zip(endpoints, (2, 3, 5, 4), strict=True):
        each.counts[RUNNING] = running
    found = firsts(endpoints, 3000)
    assert found[2] == 0
    assert found[0] > found[1] > found[3] > 0
    # Of the six pairs the idlest wins three, the next two, the next one.
    assert chi_square([found[0], found[1], found[3]], [3, 2, 1]) < CHI_SQUARE[2]


def test_weight_counts_what_runs() -> None:
    endpoints = pool(4, 1)
    endpoints[0].counts[RUNNING], endpoints[1].counts[RUNNING] = 3, 1
    assert firsts(endpoints, 100) == [100, 0]
    endpoints[0].counts[RUNNING] = 5
    assert firsts(endpoints, 100) == [0, 100]


def test_what_runs_settles_by_weight_under_load() -> None:
    endpoints = pool(6, 3, 1)
    chance = random.Random(5)
    balancer = LeastRequests(chance.random)
    running: list[Endpoint] = []
    totals = [0, 0, 0]
    for turn in range(6000):
        chosen = next(balancer.order(endpoints))
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
    names = [each.name for each in LeastRequests(lambda: 0.0).order(endpoints)]
    assert names == ["e0", "e2", "e3", "e1"]


@pytest.mark.parametrize("number", [0.0, 0.5, 1 - 2**-53])
def test_every_endpoint_comes_once_whatever_is_drawn(number: float) -> None:
    endpoints = pool(3, 1, 7)
    names = [each.name for each in LeastRequests(lambda: number).order(endpoints)]
    assert sorted(names) == ["e0", "e1", "e2"]
