"""What a failure leads to. Of whole exchanges: test_exchange.py and scenario/."""

from types import SimpleNamespace
from typing import Any

import pytest

from porch import clock, failing
from porch.errors import (
    AnswerRefused,
    ClientGone,
    ConnectionLost,
    ConnectionRefused,
    InternalError,
    NoEndpoint,
    PorchError,
)
from porch.route.route import RUNNING


class Exchange:
    """As much of one as is looked at. told: what became of it."""

    def __init__(self, *, again: bool = False) -> None:
        self.ended = self.status = 0
        self.error: PorchError | None = None
        self.reused = False
        self.connected = 12.5
        self.tried: tuple[failing.Tried, ...] = ()
        self.told: list[Any] = []
        self.repeats = again
        self.counts = [1, 0, 0, 0]
        self.upstream: Any = SimpleNamespace(abort=lambda error: self.told.append("aborted"))
        self.upstream_full = True
        connections = SimpleNamespace(cancel=lambda _: self.told.append("cancelled"))
        self.endpoint: Any = SimpleNamespace(
            name="10.0.0.11:8000",
            connections=connections,
            counts=self.counts,
            on_bad=self.told.append,
        )
        self.client = self.keeper = self
        retry = SimpleNamespace(again=lambda *_: self.repeats, can=lambda *_: self.repeats)
        destination = SimpleNamespace(nobody=lambda error: NoEndpoint(error.word))
        plan = SimpleNamespace(on_cut=())
        self.route = SimpleNamespace(retry=retry, destination=destination, plan=plan)
        self.response = None

    def report(self, _: object, error: Exception) -> None:
        self.told.append(("report", error))

    def error_page(self, _: object, error: PorchError) -> PorchError:
        return error

    def answer(self, error: PorchError) -> None:
        self.told.append(("page", type(error)))

    def abort(self, error: PorchError) -> None:
        self.told.append(("cut", type(error)))

    def end(self) -> None:
        self.ended = 1

    fail: Any = failing.fail
    drop: Any = failing.drop
    give_up: Any = failing.give_up
    leave: Any = failing.leave
    on_raised: Any = failing.on_raised
    was_stale: Any = failing.was_stale


def test_an_attempt_is_dropped_and_another_one_made() -> None:
    exchange = Exchange(again=True)
    exchange.fail(ConnectionRefused("no"))
    assert exchange.told == ["aborted", "connection_refused"]
    assert exchange.counts[RUNNING] == 0
    (tried,) = exchange.tried
    assert (tried.endpoint, tried.connected) == ("10.0.0.11:8000", 12.5)
    assert (tried.error.word, tried.at > 0) == ("connection_refused", True)
    assert exchange.upstream is None
    assert not exchange.upstream_full


def test_an_attempt_had_a_connection_if_it_came_behind_the_attempt_before() -> None:
    """A whole answer that is refused has no stream any more, and one before it had its own time."""
    exchange = Exchange(again=True)
    exchange.upstream = None
    exchange.fail(AnswerRefused("503"))
    exchange.fail(ConnectionRefused("no"))
    exchange.connected = clock.monotonic()
    exchange.fail(ConnectionLost("lost"))
    assert [each.connected for each in exchange.tried] == [12.5, 0.0, exchange.connected]


def test_without_another_it_is_a_page_that_says_why_there_is_nobody() -> None:
    exchange = Exchange()
    exchange.fail(ConnectionRefused("no"))
    assert exchange.told[-1] == ("page", NoEndpoint)


def test_an_answer_that_has_begun_is_cut() -> None:
    exchange = Exchange()
    exchange.status = 200
    exchange.give_up(InternalError("x"))
    assert exchange.told == [("cut", InternalError)]
    assert exchange.ended


def test_what_has_ended_does_not_fail() -> None:
    exchange = Exchange()
    exchange.ended = 1
    exchange.fail(ClientGone("left"))
    assert exchange.told == []


def test_who_waits_for_a_connection_waits_no_more_and_accuses_nobody() -> None:
    exchange = Exchange()
    exchange.upstream = None
    exchange.drop(ConnectionRefused("no"))
    assert exchange.told == ["cancelled"]


@pytest.mark.parametrize(("reused", "accused"), [(True, False), (False, True)])
def test_a_kept_connection_that_had_closed_is_nobodys_fault(reused: bool, accused: bool) -> None:
    exchange = Exchange()
    exchange.reused = reused
    exchange.drop(ConnectionLost("gone"))
    assert (len(exchange.told) == 2) is accused


def test_an_endpoint_is_left_only_for_another() -> None:
    assert not Exchange().leave(ConnectionRefused("no"))
    assert Exchange(again=True).leave(ConnectionRefused("no"))


def test_what_no_hook_should_raise_is_reported_and_answered_as_a_defect() -> None:
    exchange = Exchange()
    wrong = KeyError("x")
    exchange.on_raised(wrong)
    assert ("report", wrong) in exchange.told
    assert exchange.told[-1] == ("page", InternalError)


def test_an_error_of_a_hook_is_its_answer() -> None:
    exchange = Exchange()
    error = ClientGone("left")
    exchange.on_raised(error)
    assert exchange.error is error
    assert error.__traceback__ is None
