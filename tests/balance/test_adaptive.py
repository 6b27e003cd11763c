"""How many at once are good, found out by how long answers take."""

from types import SimpleNamespace
from typing import Any

import pytest

from porch import clock
from porch.balance.adaptive import FIRST, FORGET, LEAST, MOST, WINDOW, Adaptive
from porch.errors import ClientGone, GatewayTimeout


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    fake = SimpleNamespace(now=100.0)
    monkeypatch.setattr(clock, "monotonic", lambda: fake.now)
    return fake


def ended(seconds: float, status: int = 200, error: object = None) -> Any:
    return SimpleNamespace(
        error=error, status=status, connected=50.0, first_byte=50.0 + seconds if seconds else 0.0
    )


def feed(one: Adaptive, seconds: float, windows: int = 1, **ends: Any) -> float:
    for _ in range(windows * WINDOW):
        one.note(ended(seconds, **ends), int(one.limit))
    return one.limit


def test_while_answers_are_fast_more_are_let_in(time: SimpleNamespace) -> None:
    one = Adaptive()
    assert one.limit == FIRST
    found = [feed(one, 0.01) for _ in range(5)]
    assert found == sorted(found)
    assert found[-1] > FIRST + 3


def test_when_they_take_longer_fewer_are(time: SimpleNamespace) -> None:
    one = Adaptive()
    high = feed(one, 0.01, 20)
    found = [feed(one, 0.05) for _ in range(20)]
    assert found == sorted(found, reverse=True)
    assert found[-1] < high / 2


def test_where_time_grows_with_what_is_under_way_it_settles_within_the_tolerance(
    time: SimpleNamespace,
) -> None:
    """The pool does ten at once in 10 ms; each further one adds a tenth. It began with 20."""
    one = Adaptive()
    for _ in range(200):
        feed(one, 0.01 * max(1.0, one.limit / 10))
    assert FIRST < one.limit < 2.5 * FIRST


def test_what_was_not_tried_is_not_raised(time: SimpleNamespace) -> None:
    one = Adaptive()
    for _ in range(5 * WINDOW):
        one.note(ended(0.01), 2)
    assert one.limit == FIRST


@pytest.mark.parametrize("ends", [{"error": GatewayTimeout("x"), "status": 504}, {"status": 503}])
def test_errors_of_the_pool_count_as_too_slow(time: SimpleNamespace, ends: dict[str, Any]) -> None:
    one = Adaptive()
    feed(one, 0.01)
    assert feed(one, 0.0, 3, **ends) < FIRST


def test_a_client_that_left_tells_nothing(time: SimpleNamespace) -> None:
    one = Adaptive()
    feed(one, 0.0, 5, error=ClientGone("x"))
    assert one.limit == FIRST
    assert repr(one) == "<Adaptive 20 at once, best 0.0 ms>"


def test_the_bounds_hold(time: SimpleNamespace) -> None:
    one = Adaptive()
    assert feed(one, 0.01, 2000) <= MOST
    assert feed(one, 10.0, 200) == LEAST


def test_a_pool_that_became_slower_for_good_is_measured_anew(time: SimpleNamespace) -> None:
    one = Adaptive()
    feed(one, 0.01, 3)
    low = feed(one, 0.05, 60)
    time.now += FORGET + 1
    assert feed(one, 0.05, 10) > low
