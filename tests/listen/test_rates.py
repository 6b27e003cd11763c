"""Who is too slow: bodies that come, and answers that are taken. The clock is turned by hand."""

import socket
from collections import Counter
from typing import Any

import pytest

from porch import clock
from porch.clock import Deadlines
from porch.errors import ClientGone, RequestTimeout
from porch.exchange import Exchange
from porch.http.message import RequestHead
from porch.listen.rates import BODY, GRACE, LOOK, PATIENCE, SLOW, Rates, taken
from porch.route.route import Limits, Route


class Bench:
    """One exchange whose body is on its way, one session, and those who look after them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.now = 1000.0
        monkeypatch.setattr(clock, "now", self.now)
        self.deadlines = Deadlines()
        self.sessions: set[Any] = set()
        self.cuts = Counter[str]()
        self.said: list[str] = []
        self.rates = Rates(
            self.sessions, self.deadlines, self.cuts, lambda text, about: self.said.append(text)
        )
        self.errors: list[Exception] = []
        self.reads = True
        self.peer = b"192.0.2.1"
        route = Route(key="a", limits=Limits(min_rate=100))
        request = RequestHead(b"POST", b"/", b"a.test", b"http", [])
        them: Any = self
        self.exchange: Any = Exchange(them, them, request, route, self.peer)
        monkeypatch.setattr(Exchange, "fail", lambda each, error: self.errors.append(error))
        self.deadlines.watch(self.exchange)

    def is_read(self) -> bool:
        return self.reads

    def pass_(self, seconds: float, rate: float = 0) -> None:
        """Time passes, in looks, in which the client sends so much a second."""
        for _ in range(int(seconds / LOOK)):
            self.now += LOOK
            self.exchange.bytes_in += int(rate * LOOK)
            self._monkeypatch.setattr(clock, "now", self.now)
            self.rates.tick()


class Sent:
    """A session that is owed something."""

    peer = b"192.0.2.2"

    def __init__(self, took: int = 0) -> None:
        self.took: int | None = took
        self.errors: list[Exception] = []

    def owed(self) -> tuple[int, int] | None:
        return None if self.took is None else (self.took, 100)

    def give_up(self, error: Exception) -> None:
        self.errors.append(error)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_a_body_that_comes_in_drops_is_cut_when_the_grace_is_over(bench: Bench) -> None:
    bench.pass_(GRACE, 10)
    assert not bench.errors
    bench.pass_(2 * LOOK, 10)
    assert [type(each) for each in bench.errors] == [RequestTimeout]
    assert bench.cuts == {SLOW: 1}
    assert bench.said == [f"192.0.2.1 was cut: {BODY}"]


def test_a_body_that_comes_fast_enough_goes_on(bench: Bench) -> None:
    bench.pass_(10 * GRACE, 120)
    assert not bench.errors


def test_one_that_was_fast_and_stops_is_cut_within_two_windows(bench: Bench) -> None:
    bench.pass_(GRACE, 10_000)
    bench.pass_(2 * GRACE + LOOK, 0)
    assert bench.errors


def test_one_that_comes_in_bursts_is_measured_on_average(bench: Bench) -> None:
    for _ in range(5):
        bench.pass_(LOOK, 600)
        bench.pass_(3 * LOOK, 0)
    assert not bench.errors


@pytest.mark.parametrize("reason", ["held back", "whole", "answered", "a call", "upgraded"])
def test_who_is_not_expected_to_send_is_not_measured(bench: Bench, reason: str) -> None:
    exchange = bench.exchange
    if reason == "held back":
        bench.reads = False
    elif reason == "whole":
        exchange.request_done = True
    elif reason == "answered":
        exchange.response = object()
    elif reason == "a call":
        exchange.timeouts = object()
    else:
        exchange.upgraded = True
    bench.pass_(5 * GRACE)
    assert not bench.errors


def test_who_was_held_back_has_the_whole_grace_again(bench: Bench) -> None:
    bench.pass_(GRACE - LOOK)
    bench.reads = False
    bench.pass_(GRACE)
    bench.reads = True
    bench.pass_(GRACE)
    assert not bench.errors
    bench.pass_(2 * LOOK)
    assert bench.errors


def test_a_client_that_takes_an_answer_in_drops_is_reset(bench: Bench) -> None:
    slow, fast, nothing = Sent(), Sent(), Sent()
    nothing.took = None
    bench.sessions |= {slow, fast, nothing}
    bench.exchange.request_done = True
    for _ in range(int(PATIENCE / LOOK) + 2):
        slow.took += 10  # type: ignore[operator]
        fast.took += 1000  # type: ignore[operator]
        bench.pass_(LOOK)
    assert [type(each) for each in slow.errors] == [ClientGone]
    assert not fast.errors + nothing.errors


def test_what_a_far_end_has_taken_is_known_of_tcp_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        served, _ = listening.accept()
        with client, served:
            served.sendall(bytes(1000))
            assert len(client.recv(1000, socket.MSG_WAITALL)) == 1000
            assert taken(served) == 1000
    one, other = socket.socketpair()
    with one, other:
        assert taken(one) == -1
    assert taken(None) == -1
