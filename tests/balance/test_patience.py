"""Its timers. What becomes of the attempts: scenario/test_retry_time.py."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from porch.balance.patience import Patience
from porch.errors import AttemptTimeout, GatewayTimeout
from tests.support.network import FakeClock


class Timer:
    def __init__(self, seconds: float, call: Callable[[], object]) -> None:
        self.seconds = seconds
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Exchange:
    """As much of one as is looked at."""

    def __init__(self, attempts: int = 1) -> None:
        self.timers: list[Timer] = []
        self.keeper = self
        self.started = 1000.0
        self.attempts = attempts
        self.upstream: object = "a"
        self.endpoint = SimpleNamespace(name="e")
        self.ended = 0.0
        self.waits = True
        self.leaves = True
        self.left: list[Any] = []

    def later(self, seconds: float, call: Callable[[], object]) -> Timer:
        self.timers.append(Timer(seconds, call))
        return self.timers[-1]

    def leave(self, error: Exception) -> bool:
        self.left.append(error)
        return self.leaves

    fail = leave


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def test_an_attempt_that_is_answered_or_over_has_no_timer_any_more() -> None:
    for end in ("on_upstream_response", "on_end"):
        patience, exchange = Patience(each=2.0), Exchange()
        patience.on_upstream_request(exchange)  # type: ignore[arg-type]
        getattr(patience, end)(exchange)
        assert [(each.seconds, each.cancelled) for each in exchange.timers] == [(2.0, True)]
        assert patience._timers == {}


def test_of_two_attempts_the_later_one_has_the_timer() -> None:
    patience, exchange = Patience(each=2.0), Exchange()
    patience.on_upstream_request(exchange)  # type: ignore[arg-type]
    exchange.attempts = 2
    patience.on_upstream_request(exchange)  # type: ignore[arg-type]
    assert [each.cancelled for each in exchange.timers] == [True, False]


def test_the_whole_is_of_repetitions_alone(fake: FakeClock) -> None:
    patience, exchange = Patience(total=3.0), Exchange()
    patience.on_upstream_request(exchange)  # type: ignore[arg-type]
    assert exchange.timers == []
    exchange.attempts = 2
    fake.time += 1
    patience.on_upstream_request(exchange)  # type: ignore[arg-type]
    assert exchange.timers[0].seconds == 2.0
    fake.time += 2
    exchange.timers[0].call()
    assert [type(each) for each in exchange.left] == [GatewayTimeout]


def test_who_cannot_leave_waits_on() -> None:
    patience, exchange = Patience(each=2.0), Exchange()
    exchange.leaves = False
    patience.on_upstream_request(exchange)  # type: ignore[arg-type]
    exchange.timers[0].call()
    assert [type(each) for each in exchange.left] == [AttemptTimeout]
    assert len(exchange.timers) == 2


def test_who_took_over_has_its_own_time() -> None:
    patience, exchange = Patience(each=2.0), Exchange()
    patience.on_upstream_request(exchange)  # type: ignore[arg-type]
    exchange.upstream = "b"
    exchange.timers[0].call()
    assert exchange.left == []
    assert exchange.timers[1].seconds == 2.0


@pytest.mark.parametrize(("word", "value"), [("ended", 1.0), ("upstream", None)])
def test_a_timer_that_comes_too_late_does_nothing(word: str, value: object) -> None:
    patience, exchange = Patience(each=2.0), Exchange()
    patience.on_upstream_request(exchange)  # type: ignore[arg-type]
    setattr(exchange, word, value)
    exchange.timers[0].call()
    assert (exchange.left, len(exchange.timers)) == ([], 1)
