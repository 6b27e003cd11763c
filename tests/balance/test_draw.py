"""One of many by weight."""

import random
from collections import Counter
from typing import cast

import pytest

from porch.balance.draw import Draw
from porch.balance.endpoint import Endpoint
from porch.route.route import Connections
from tests.support.chance import is_fair


def pool(*weights: float) -> list[Endpoint]:
    return [Endpoint(f"e{n}", cast("Connections", None), each) for n, each in enumerate(weights)]


def made(endpoints: list[Endpoint]) -> Draw:
    draw = Draw(random.Random(3).random)
    draw.use(endpoints)
    return draw


@pytest.mark.parametrize("weights", [(1, 1), (3, 1), (5, 2, 1), (0.5, 0.25), (1,) * 10])
def test_each_comes_with_its_weight(weights: tuple[float, ...]) -> None:
    endpoints = pool(*weights)
    draw = made(endpoints)
    found = Counter(draw.one().name for _ in range(4000))
    assert is_fair([found[each.name] for each in endpoints], weights)


@pytest.mark.parametrize("weights", [(1, 1), (1000, 1), (1, 1, 1)])
def test_two_differ(weights: tuple[float, ...]) -> None:
    draw = made(pool(*weights))
    assert all(one is not two for one, two in (draw.two() for _ in range(300)))


@pytest.mark.parametrize("number", [0.0, 0.5, 1 - 2**-53])
def test_whatever_the_number_there_is_one(number: float) -> None:
    draw = Draw(lambda: number)
    endpoints = pool(3, 1, 7)
    draw.use(endpoints)
    assert draw.one() in endpoints
    one, two = draw.two()
    assert one is not two


@pytest.mark.parametrize("count", [2, 5, 10])
@pytest.mark.parametrize("which", [0, 1])
def test_of_equal_ones_both_are_fair(count: int, which: int) -> None:
    endpoints = pool(*[1] * count)
    draw = made(endpoints)
    found = Counter(draw.two()[which].name for _ in range(4000))
    assert is_fair([found[each.name] for each in endpoints], [1] * count)


@pytest.mark.parametrize("weights", [(1, 1, 1), (9, 1, 1), (1,) * 200])
def test_the_others_are_all_that_were_not_seen(weights: tuple[float, ...]) -> None:
    endpoints = pool(*weights)
    draw = made(endpoints)
    found = [*draw.others(endpoints[1])]
    assert len(found) == len(endpoints) - 1
    assert {*found} == {*endpoints} - {endpoints[1]}


def test_the_others_begin_anywhere() -> None:
    draw = made(pool(*[1] * 200))
    assert len({next(draw.others()).name for _ in range(50)}) > 30
