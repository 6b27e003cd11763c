"""What is known about one address."""

from typing import cast

import pytest

from porch import clock
from porch.balance.endpoint import REDIAL, Endpoint
from porch.route.route import RUNNING, Connections


class FakeClock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    fake = FakeClock()
    monkeypatch.setattr(clock, "monotonic", fake)
    return fake


def endpoint(name: str = "a:1", weight: int = 1) -> Endpoint:
    return Endpoint(name, cast("Connections", None), weight)


def test_an_endpoint_that_refused_is_due_again_after_a_moment(time: FakeClock) -> None:
    one = endpoint()
    one.on_failure("connection_refused")
    assert one.refused == "connection_refused"
    assert not one.is_due()
    time.now += REDIAL - 0.01
    assert not one.is_due()
    time.now += 0.01
    assert one.is_due()


def test_whether_it_is_due_can_be_asked_without_changing_it(time: FakeClock) -> None:
    one = endpoint()
    one.on_failure("connection_refused")
    time.now += REDIAL
    assert all(one.is_due() for _ in range(3))


def test_while_one_looks_the_others_wait(time: FakeClock) -> None:
    one = endpoint()
    one.on_failure("connection_refused")
    time.now += REDIAL
    one.on_redial()
    assert one.refused
    assert not one.is_due()
    time.now += REDIAL
    assert one.is_due()


def test_a_failure_counts_from_its_end(time: FakeClock) -> None:
    one = endpoint()
    one.on_redial()
    time.now += 5
    one.on_failure("connection_timeout")
    assert not one.is_due()


def test_a_success_forgets_the_failure() -> None:
    one = endpoint()
    one.on_failure("connection_refused")
    one.on_success()
    assert one.refused == ""


def test_it_prints_what_a_person_asks_first() -> None:
    one = endpoint("10.0.0.1:8000")
    one.counts[RUNNING] = 3
    assert repr(one) == "<Endpoint 10.0.0.1:8000 3 running>"
    one.on_failure("connection_refused")
    assert repr(one) == "<Endpoint 10.0.0.1:8000 3 running connection_refused>"
