"""How many more requests than came in there may be."""

import random

import pytest

from porch import clock
from porch.balance.budget import FLOOR, SHARE, WINDOW, Budget
from tests.support.network import FakeClock


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def passes(fake: FakeClock, seconds: float) -> None:
    fake.time += seconds
    clock.tick()


def came(budget: Budget, count: int) -> None:
    """As Upstream counts."""
    if clock.now >= budget.due:
        budget.turn()
    budget.came += count


def spend(budget: Budget) -> int:
    """All there is."""
    count = 0
    while budget.has_room():
        budget.spend()
        count += 1
    return count


def test_a_quiet_pool_has_the_floor() -> None:
    assert spend(Budget()) == FLOOR * WINDOW


def test_a_busy_pool_has_a_fifth_more() -> None:
    budget = Budget()
    came(budget, 10_000)
    assert spend(budget) == SHARE * 10_000 + FLOOR * WINDOW
    assert repr(budget) == "<Budget 2100 spent, 10000 came>"


def test_the_floor_is_divided_among_the_workers() -> None:
    budgets = [Budget() for _ in range(8)]
    for each in budgets:
        each.workers = 8
    assert sum(map(spend, budgets)) <= FLOOR * WINDOW
    assert all(spend(each) == 0 for each in budgets)


def test_of_very_many_workers_each_may_after_a_few_requests() -> None:
    budget = Budget()
    budget.workers = 1000
    assert not budget.has_room()
    came(budget, 5)
    assert spend(budget) == 1


def test_what_is_longer_ago_than_the_window_does_not_count(fake: FakeClock) -> None:
    budget = Budget()
    came(budget, 1000)
    assert spend(budget) == 300
    passes(fake, WINDOW - 1)
    assert not budget.has_room()
    passes(fake, 1)
    assert spend(budget) == 100


@pytest.mark.parametrize("seconds", [0.5, 1, 3.5, 9, 10, 11, 1000])
def test_seconds_in_which_nobody_looked_are_over_all_the_same(
    fake: FakeClock, seconds: float
) -> None:
    budget = Budget()
    came(budget, 1000)
    passes(fake, seconds)
    assert spend(budget) == (300 if seconds < WINDOW else 100)
    assert clock.now < budget.due <= clock.now + 1


@pytest.mark.parametrize("seed", range(5))
def test_whatever_comes_when_the_bound_holds(fake: FakeClock, seed: int) -> None:
    draw = random.Random(seed)
    budget = Budget()
    all_came = all_spent = 0
    seconds = 0.0
    for _ in range(500):
        step = draw.choice([0, 0.25, 0.25, 1, 5, 12])
        seconds += step
        passes(fake, step)
        count = draw.choice([0, 1, 10, 500])
        came(budget, count)
        all_came += count
        if draw.random() < 0.5:
            all_spent += spend(budget)
        assert all_spent <= SHARE * all_came + FLOOR * (seconds + WINDOW) * WINDOW / (WINDOW - 1)
