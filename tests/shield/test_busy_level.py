"""The place in the row below which is refused."""

import random

import pytest

from porch.route.route import HIGH, LOW, NORMAL
from porch.shield.busy_level import KINDS, Level


def level(at: float, let_in: list[int], refused: list[int] | None = None) -> Level:
    made = Level()
    made.at = at
    made.let_in = let_in
    made.refused = refused or [0] * KINDS
    return made


@pytest.mark.parametrize(
    ("at", "let_in", "part", "then"),
    [
        (0.0, [100, 0, 0], 0.5, 0.5),
        (0.5, [50, 0, 0], 0.5, 0.75),
        (0.0, [100, 100, 0], 0.5, 1.0),
        (0.0, [100, 100, 0], 0.75, 1.5),
        (0.0, [0, 100, 0], 0.5, 1.5),  # nobody of the lowest comes: nothing is won there
        (1.0, [0, 100, 100], 0.75, 2.5),
        (0.0, [10, 10, 10], 1.0, 3.0),
        (0.0, [0, 0, 0], 0.5, 3.0),
    ],
)
def test_it_rises_by_a_part_of_those_let_in_from_the_least_important_on(
    at: float, let_in: list[int], part: float, then: float
) -> None:
    made = level(at, let_in)
    made.rise(part)
    assert made.at == pytest.approx(then)


@pytest.mark.parametrize(
    ("at", "let_in", "refused", "part", "then"),
    [
        (0.5, [50, 0, 0], [50, 0, 0], 0.5, 0.25),
        (0.2, [50, 0, 0], [50, 0, 0], 2.0, 0.0),
        (1.5, [0, 50, 0], [100, 50, 0], 0.5, 1.25),
        (1.1, [0, 50, 0], [100, 50, 0], 1.2, 0.9),
        (2.0, [0, 0, 40], [0, 100, 0], 0.5, 1.8),
        (1.0, [0, 0, 0], [80, 0, 0], 0.1, 0.975),  # of what is refused, where nothing came in
        (3.0, [0, 0, 0], [80, 0, 0], 0.1, 2.75),
        (1.0, [0, 9, 0], [0, 0, 0], 0.1, 0.75),  # whom it refused has gone, or waits
        (0.0, [9, 9, 0], [0, 0, 0], 0.1, 0.0),
    ],
)
def test_it_falls_so_that_so_many_more_come_in_the_most_important_first(
    at: float, let_in: list[int], refused: list[int], part: float, then: float
) -> None:
    made = level(at, let_in, refused)
    made.fall(part)
    assert made.at == pytest.approx(then)


def test_it_stays_within_its_bounds_whatever_comes() -> None:
    chance = random.Random(4)
    made = Level()
    for _ in range(2_000):
        made.let_in = [chance.choice((0, 1, 50)) for _ in range(KINDS)]
        made.refused = [chance.choice((0, 1, 50)) for _ in range(KINDS)]
        before = made.at
        if chance.random() < 0.5:
            made.rise(chance.random())
            assert before <= made.at <= KINDS
        else:
            made.fall(chance.random())
            assert 0.0 <= made.at <= before


@pytest.mark.parametrize(
    ("let_in", "least"),
    [
        ([5, 5, 5], LOW),
        ([0, 5, 5], NORMAL),
        ([1, 100, 5], NORMAL),
        ([0, 0, 5], HIGH),
        ([0, 0, 0], HIGH),
    ],
)
def test_the_least_that_comes_in_is_not_a_few(let_in: list[int], least: int) -> None:
    assert level(0.0, let_in).least() == least


def test_it_counts_anew() -> None:
    made = level(0.5, [1, 1, 1], [1, 1, 1])
    made.begin()
    assert (made.let_in, made.refused) == ([0] * KINDS, [0] * KINDS)
    assert repr(made) == "<Level 0.50>"
