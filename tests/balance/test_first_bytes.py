"""What 95 % of the latest answers took at most."""

import random

import pytest

from porch.balance.first_bytes import ENOUGH, KEPT, FirstBytes


def test_too_few_say_nothing() -> None:
    found = FirstBytes()
    for _ in range(ENOUGH - 1):
        found.add(0.01)
    assert found.slow is None
    found.add(0.01)
    assert found.slow == 0.01


def test_it_is_the_slowest_twentieth_that_is_above() -> None:
    draw = random.Random(7)
    found = FirstBytes()
    for _ in range(KEPT):
        found.add(draw.random())
    assert found.slow == pytest.approx(0.95, abs=0.04)


def test_only_the_latest_count() -> None:
    found = FirstBytes()
    for seconds in (9.0, 0.01):
        for _ in range(KEPT):
            found.add(seconds)
    assert found.slow == 0.01
    assert repr(found) == f"<FirstBytes {KEPT} slow 0.01>"
