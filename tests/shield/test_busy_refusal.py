"""What those are told who are not let in, and when."""

from typing import Any

import pytest

from porch import clock
from porch.filter import SUSPEND, Response
from porch.route.route import HIGH, LOW, NORMAL, Route
from porch.shield.busy_refusal import MOST_HELD, Overloaded, Refusal
from tests.support.network import FakeClock


class Exchange:
    """answers: what it is resumed with."""

    def __init__(self, body: bytes = b"", done: bool = True) -> None:
        self.error: Any = None
        self.held = body
        self.request_done = done
        self.answers: list[Response] = []

    def resume(self, response: Response) -> None:
        self.answers.append(response)


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def ask(refusal: Refusal, **words: Any) -> tuple[Exchange, Any]:
    exchange: Any = Exchange(**words)
    return exchange, refusal.on_request(exchange)


def test_it_is_a_503_that_says_when_to_come_again() -> None:
    exchange, answer = ask(Refusal(1.5, 0.0, [0, 0, 0]))
    assert answer.status == 503
    assert dict(answer.fields)[b"retry-after"] == b"2"
    assert dict(answer.fields)[b"cache-control"] == b"no-store"
    assert isinstance(exchange.error, Overloaded)
    assert exchange.error.word == "connection_limit_reached"


def test_it_waits_before_it_leaves_and_leaves_in_its_order(fake: FakeClock) -> None:
    refusal = Refusal(1.0, 0.25, [0, 0, 0])
    first, answer = ask(refusal)
    assert answer is SUSPEND
    fake.advance(0.1)
    second, _ = ask(refusal)
    assert refusal.held == 2
    fake.advance(0.16)
    refusal.release(clock.monotonic())
    assert [len(each.answers) for each in (first, second)] == [1, 0]
    assert first.answers[0].status == 503
    fake.advance(0.1)
    refusal.release(clock.monotonic())
    assert refusal.held == 0
    assert len(second.answers) == 1


def test_the_more_wait_the_longer_it_takes(fake: FakeClock) -> None:
    refusal = Refusal(1.0, 0.25, [0, 0, 0])
    for _ in range(1024):
        ask(refusal)
    fake.advance(0.3)
    refusal.release(clock.monotonic())
    assert 0 < refusal.held < 1024
    for _ in range(60):
        fake.advance(0.02)
        refusal.release(clock.monotonic())
    assert refusal.held == 0


def test_those_who_were_refused_at_once_are_told_one_after_the_other(fake: FakeClock) -> None:
    refusal = Refusal(1.0, 0.25, [0, 0, 0])
    refusal.release(clock.monotonic())
    for _ in range(200):
        ask(refusal)
    told = []
    for _ in range(200):
        before = refusal.held
        fake.advance(0.005)
        refusal.release(clock.monotonic())
        told.append(before - refusal.held)
    assert max(told) <= 5
    assert refusal.held == 0


def test_so_many_wait_and_no_more() -> None:
    refusal = Refusal(1.0, 0.25, [0, 0, 0])
    for _ in range(MOST_HELD):
        assert ask(refusal)[1] is SUSPEND
    assert isinstance(ask(refusal)[1], Response)
    assert refusal.held == MOST_HELD


@pytest.mark.parametrize("words", [{"done": False}, {"body": b"x"}])
def test_what_has_a_body_does_not_wait(words: Any) -> None:
    refusal = Refusal(1.0, 0.25, [0, 0, 0])
    assert isinstance(ask(refusal, **words)[1], Response)
    assert refusal.held == 0


def test_refusals_are_counted_by_importance() -> None:
    counts = [0, 0, 5]
    refusal = Refusal(1.0, 0.0, counts)
    for importance in (LOW, LOW, NORMAL, HIGH):
        refusal.route(Route(key="a"), importance)
    assert counts == [2, 1, 6]


def test_the_route_that_refuses_is_called_as_the_other_and_leads_nowhere() -> None:
    refusal = Refusal(1.0, 0.0, [0, 0, 0])
    route = Route(key="a.test", where="porch.toml:3", upgrades=frozenset((b"x",)))
    route.destination = object()  # type: ignore[assignment]
    made = refusal.route(route, LOW)
    assert (made.key, made.where, made.upgrades) == (route.key, route.where, route.upgrades)
    assert made.destination is None
    assert made.plan.on_request == (refusal.on_request,)
    assert refusal.route(route, LOW) is made
