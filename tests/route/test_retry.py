"""Whether there is a further attempt, and when."""

from types import SimpleNamespace
from typing import Any

import pytest

from porch.errors import (
    BadGateway,
    ClientGone,
    ConnectionLost,
    ConnectionRefused,
    PorchError,
)
from porch.http.message import Field, RequestHead
from porch.route.retry import MOST_PAUSE, SAFE_TO_REPEAT, SPENT, Retry, is_repeatable
from tests.support.network import FakeClock


class Exchange:
    """One attempt was made. room: in the budget."""

    def __init__(self, method: bytes = b"GET", *fields: Field, room: bool = True) -> None:
        self.request = RequestHead(method, b"/", b"x", b"http", [*fields])
        self.status = 0
        self.held: bytes | None = b""
        self.gathered = False
        self.attempts = 1
        self.started = 1000.0
        self.ended = 0.0
        self.reused = False
        self.next: object = "b"
        self.endpoint: Any = SimpleNamespace(name="a", connections=self)
        self.spent = 0
        budget = SimpleNamespace(has_room=lambda: room, spend=self._spend)
        self.route = SimpleNamespace(destination=SimpleNamespace(budget=budget))
        self.made: list[tuple[object, bool]] = []
        self.keeper = self
        self.timers: list[tuple[float, Any]] = []
        self.acquired = 0

    def _spend(self) -> None:
        self.spent += 1

    def other(self) -> object:
        return self.next

    def was_stale(self, error: PorchError) -> bool:
        return self.reused and isinstance(error, ConnectionLost)

    def attempt(self, place: object, *, later: bool) -> None:
        self.attempts += 1
        self.made.append((place, later))

    def later(self, seconds: float, call: object) -> None:
        self.timers.append((seconds, call))

    def acquire(self, exchange: object) -> None:
        self.acquired += 1


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def can(exchange: Any, error: PorchError, **words: Any) -> bool:
    return Retry(**words).can(exchange, error)


def again(exchange: Any, error: PorchError, **words: Any) -> bool:
    return Retry(**words).again(exchange, error)


@pytest.mark.parametrize("method", [b"POST", b"PATCH", b"LOCK", b"CONNECT", b"get"])
def test_only_idempotent_methods_and_those_with_a_key_are_repeated(method: bytes) -> None:
    assert not can(Exchange(method), ConnectionLost())
    assert can(Exchange(method), ConnectionRefused()), "no byte reached anybody"
    assert can(Exchange(method, (b"idempotency-key", b'"8e03978e"')), ConnectionLost())
    assert not can(Exchange(method, (b"idempotency-key", b"")), ConnectionLost())
    for each in SAFE_TO_REPEAT:
        assert is_repeatable(RequestHead(each, b"/", b"x", b"http", []))


@pytest.mark.parametrize("error", [BadGateway(), ClientGone()])
def test_an_error_that_says_never_means_it(error: PorchError) -> None:
    assert not can(Exchange(), error)


@pytest.mark.parametrize(
    ("word", "value"), [("status", 200), ("held", None), ("attempts", 3), ("next", None)]
)
def test_what_stands_against_it(word: str, value: object) -> None:
    exchange = Exchange()
    assert can(exchange, ConnectionLost())
    setattr(exchange, word, value)
    for error in (ConnectionLost(), ConnectionRefused()):
        assert not can(exchange, error)
        assert not again(exchange, error)
    assert (exchange.made, exchange.spent) == ([], 0)


def test_a_body_that_waits_elsewhere_may_be_sent_again() -> None:
    exchange = Exchange(b"PUT")
    exchange.held, exchange.gathered = None, True
    assert can(exchange, ConnectionLost())


def test_time_stands_against_it_as_well(fake: FakeClock) -> None:
    exchange: Any = Exchange()
    fake.time += 2
    assert can(exchange, ConnectionLost(), total=3)
    assert not Retry(total=3).can(exchange, ConnectionLost(), 1.0)
    fake.time += 1
    assert not can(exchange, ConnectionLost(), total=3)


def test_a_repetition_is_paid_and_a_dial_that_failed_costs_nothing() -> None:
    exchange = Exchange()
    assert again(exchange, ConnectionRefused())
    assert exchange.spent == 0
    assert again(exchange, ConnectionLost())
    assert exchange.spent == 1


def test_only_where_the_budget_alone_is_against_it_the_error_says_so() -> None:
    poor, error = Exchange(room=False), ConnectionLost("reset")
    assert not again(poor, error)
    assert error.detail == f"reset; not tried again: {SPENT}"
    error = ConnectionLost()
    assert not again(poor, error)
    assert error.detail == f"not tried again: {SPENT}"
    poor.next, error = None, ConnectionLost()
    assert not again(poor, error)
    assert error.detail == ""
    assert not can(Exchange(b"POST", room=False), error)
    assert error.detail == ""


def test_a_stale_connection_is_replaced_at_the_same_endpoint() -> None:
    exchange = Exchange()
    exchange.reused, exchange.next = True, None
    assert again(exchange, ConnectionLost())
    assert exchange.made == [(exchange.endpoint, False)]


def test_the_first_repetition_goes_at_once_and_the_others_wait_ever_longer() -> None:
    exchange = Exchange()
    for _ in range(9):
        assert again(exchange, ConnectionLost(), attempts=9, backoff=0.1, number=lambda: 0.5)
    assert [later for _, later in exchange.made] == [False, *[True] * 8]
    waits = [round(seconds, 3) for seconds, _ in exchange.timers]
    assert waits[:4] == [0.05, 0.1, 0.2, 0.4]
    assert set(waits[4:]) == {MOST_PAUSE / 2}


def test_a_pause_that_an_error_asks_for_is_the_least() -> None:
    exchange, error = Exchange(), ConnectionLost()
    error.pause = 3.0  # type: ignore[attr-defined]
    assert again(exchange, error)
    assert [seconds for seconds, _ in exchange.timers] == [3.0]


@pytest.mark.parametrize(
    ("word", "value", "acquired"),
    [("ended", 0.0, 1), ("ended", 5.0, 0), ("attempts", 9, 0), ("endpoint", None, 0)],
)
def test_behind_the_pause_the_attempt_is_made_if_it_is_still_the_one(
    word: str, value: object, acquired: int
) -> None:
    exchange, error = Exchange(), ConnectionLost()
    error.pause = 3.0  # type: ignore[attr-defined]
    again(exchange, error)
    setattr(exchange, word, value)
    exchange.timers[0][1]()
    assert exchange.acquired == acquired


def test_no_destination_is_no_attempt() -> None:
    exchange = Exchange()
    exchange.route.destination = None  # type: ignore[assignment]
    assert not can(exchange, ConnectionLost())
    assert repr(Retry(1)) == "<Retry 1 more>"
