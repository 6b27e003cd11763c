"""What becomes of who waited. How long each side may be silent: scenario/test_timeouts.py."""

from types import SimpleNamespace
from typing import Any

import pytest

from porch import clock
from porch.errors import EndpointSilent, GatewayTimeout
from porch.overdue import on_silence
from tests.support.network import FakeClock


class Exchange:
    """All is sent, and nothing of an answer is there."""

    def __init__(self) -> None:
        self.client = self.upstream = SimpleNamespace(unsent=lambda: self.left)
        self.left = self.unsent = -1
        self.client_full = self.upstream_full = self.half_closed = self.upgraded = False
        self.request_done = self.waits = True
        self.outgoing = self.response = None
        self.answer_by = clock.now + 60
        self.deadline = clock.now
        self.silent: EndpointSilent | None = None
        self.endpoint = SimpleNamespace(name="e", on_waits=lambda _: self.silent)
        self.route = SimpleNamespace(timeouts=SimpleNamespace(idle=60.0))
        self.timeouts = self.route.timeouts
        self.leaves = True
        self.told: list[type] = []

    def leave(self, error: Exception) -> bool:
        self.told.append(type(error))
        return self.leaves

    def fail(self, error: Exception) -> None:
        self.told.append(type(error))


def silence(exchange: Any) -> list[type]:
    on_silence(exchange)
    told: list[type] = exchange.told
    return told


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def test_it_waits_on_while_others_are_answered() -> None:
    exchange = Exchange()
    assert silence(exchange) == []
    assert exchange.deadline == clock.now


def test_it_leaves_an_endpoint_that_answers_nobody() -> None:
    exchange = Exchange()
    exchange.silent = EndpointSilent()
    before = exchange.deadline
    assert silence(exchange) == [EndpointSilent]
    assert exchange.deadline == before


def test_who_cannot_leave_waits_on() -> None:
    exchange = Exchange()
    exchange.silent, exchange.leaves = EndpointSilent(), False
    assert silence(exchange) == [EndpointSilent]
    assert exchange.deadline == clock.now


def test_when_the_answer_should_be_there_it_is_over() -> None:
    exchange = Exchange()
    exchange.answer_by = clock.now - clock.TICK / 2  # the time was coarse when that was set
    assert silence(exchange) == []
    exchange.answer_by = clock.now - clock.TICK
    assert silence(exchange) == [GatewayTimeout]


def test_a_full_side_that_moves_is_waited_for_and_one_that_does_not_is_not() -> None:
    exchange = Exchange()
    exchange.upstream_full, exchange.waits, exchange.left = True, False, 900
    assert silence(exchange) == []
    assert (exchange.unsent, exchange.deadline) == (900, clock.now + 60)
    assert silence(exchange) == [GatewayTimeout]
