"""The pool alone, with exchanges that only note what they are told."""

from collections.abc import Iterator
from typing import Any

import pytest

from porch import clock
from porch.balance.endpoint import Endpoint
from porch.clock import INFINITY, Deadlines
from porch.errors import ConnectFailed, ConnectTimeout, PorchError
from porch.forward.h1 import ClientConnection
from porch.forward.pool import Pool
from porch.http.h1 import HeadLimits
from porch.route.route import Route
from tests.support.debugging import listening
from tests.support.dialer import FakeDialer
from tests.support.network import FakeClock, FakeLoop, FakeSocket, FakeTransport


class Asking:
    """An exchange, as a pool sees it."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.route = Route(key="*")
        self.endpoint = endpoint
        self.reused = False
        self.connected: ClientConnection | None = None
        self.error: PorchError | None = None

    def on_connected(self, connection: ClientConnection) -> None:
        self.connected = connection

    def on_connect_failed(self, error: PorchError) -> None:
        self.error = error


class Bench:
    """A pool with its fakes around it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock(monkeypatch)
        self.loop = FakeLoop(self.clock)
        self.deadlines = Deadlines()
        self.dialer = FakeDialer(lambda: FakeTransport(self.loop, {"socket": FakeSocket(-1)}))
        dialer: Any = self.dialer
        self.pool = Pool("e", dialer, self.deadlines, HeadLimits(), 16)
        self.endpoint = Endpoint("e", self.pool)

    def acquire(self, exchange: Any = None) -> Any:
        """An exchange that asked; `connected` is there if one was to be had."""
        exchange = exchange or Asking(self.endpoint)

        def ask() -> None:
            exchange.connected = self.pool.acquire(exchange)

        self.loop.run(ask)
        return exchange

    def release(self, exchange: Any) -> ClientConnection:
        """As when the answer of `exchange` is whole."""
        connection: ClientConnection = exchange.connected
        connection.exchange = None
        self.loop.run(lambda: self.pool.release(connection))
        return connection

    def pass_time(self, seconds: float) -> None:
        self.clock.time += seconds
        clock.tick()
        self.loop.run(self.deadlines.check)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(monkeypatch)
    yield made
    assert made.loop.problems == []
    made.loop.close()


def test_a_first_connection_is_dialled(bench: Bench) -> None:
    exchange = bench.acquire()
    assert exchange.connected is not None
    assert exchange.connected.exchange is exchange
    assert not exchange.connected.reused
    assert len(bench.deadlines) == 1
    assert bench.dialer.dials == 1


def test_the_connection_released_last_is_given_first(bench: Bench) -> None:
    first, second = bench.acquire(), bench.acquire()
    older, newer = bench.release(first), bench.release(second)
    assert repr(bench.pool) == "<Pool e 2 idle, 0 dialling>"
    assert bench.acquire().connected is newer
    assert bench.acquire().connected is older
    assert newer.reused
    assert bench.dialer.dials == 2


def test_a_kept_connection_has_a_deadline_and_a_busy_one_none(bench: Bench) -> None:
    connection = bench.release(bench.acquire())
    assert connection.deadline == clock.now + bench.pool.idle_timeout
    assert bench.acquire().connected is connection
    assert connection.deadline == INFINITY


def test_nobody_gets_a_connection_that_waited_too_long(bench: Bench) -> None:
    connection = bench.release(bench.acquire())
    bench.pass_time(bench.pool.idle_timeout + 0.5)
    assert connection.closed
    assert bench.acquire().connected is not connection
    assert len(bench.deadlines) == 1


def test_a_kept_connection_that_is_closing_is_passed_over(bench: Bench) -> None:
    connection = bench.release(bench.acquire())
    exchange = Asking(bench.endpoint)

    def ask() -> None:
        connection.close()
        exchange.connected = bench.pool.acquire(exchange)  # type: ignore[arg-type]

    bench.loop.run(ask)
    assert exchange.connected not in (None, connection)


def test_in_place_of_one_that_had_closed_a_new_one_is_made(bench: Bench) -> None:
    kept = bench.release(bench.acquire())
    exchange = Asking(bench.endpoint)
    exchange.reused = True
    assert bench.acquire(exchange).connected is not kept
    assert bench.dialer.dials == 2


@pytest.mark.parametrize("error", [UnicodeError("label too long"), OSError("odd"), KeyError("?")])
def test_whatever_dialling_raises_reaches_the_exchange(bench: Bench, error: Exception) -> None:
    async def dial(make: object) -> ClientConnection:
        raise error

    bench.dialer.dial = dial  # type: ignore[method-assign]
    exchange = bench.acquire()
    assert type(exchange.error) is ConnectFailed
    assert repr(bench.pool) == "<Pool e 0 idle, 0 dialling>"
    assert bench.endpoint.out["refused"].text == "destination_ip_unroutable"


def test_a_dial_ends_after_the_routes_connect_timeout(bench: Bench) -> None:
    bench.dialer.set("hangs")
    exchange = bench.acquire()
    bench.pass_time(4.9)
    assert not exchange.error
    assert repr(bench.pool) == "<Pool e 0 idle, 1 dialling>"
    bench.pass_time(0.2)
    assert type(exchange.error) is ConnectTimeout
    assert repr(bench.pool) == "<Pool e 0 idle, 0 dialling>"


def test_a_connection_makes_the_endpoint_good_again(bench: Bench) -> None:
    bench.dialer.set("refuses")
    assert bench.acquire().error is not None
    assert bench.endpoint.out["refused"].text == "connection_refused"
    bench.dialer.set("accepts")
    assert bench.acquire().error is None
    assert bench.endpoint.out == {}


def test_a_cancelled_dial_tells_nobody_anything(bench: Bench) -> None:
    bench.dialer.set("hangs")
    exchange = bench.acquire()
    bench.loop.run(lambda: bench.pool.cancel(exchange))
    bench.loop.run(lambda: bench.dialer.set("accepts"))
    assert exchange.connected is None
    assert exchange.error is None
    assert len(bench.deadlines) == 0


def test_to_cancel_what_does_not_wait_is_nothing(bench: Bench) -> None:
    exchange = bench.acquire()
    bench.loop.run(lambda: bench.pool.cancel(exchange))
    assert not exchange.connected.closed


def test_a_closed_pool_keeps_nothing_but_serves_who_waits(bench: Bench) -> None:
    kept = bench.release(bench.acquire())
    busy = bench.acquire()
    assert busy.connected is kept
    idle = bench.release(bench.acquire())
    bench.dialer.set("hangs")
    waiting = Asking(bench.endpoint)
    waiting.reused = True
    bench.acquire(waiting)
    bench.loop.run(bench.pool.close)
    assert idle.closed
    assert not kept.closed
    bench.loop.run(lambda: bench.dialer.set("accepts"))
    assert waiting.connected is not None
    for exchange in (busy, waiting):
        assert bench.release(exchange).closed
    assert len(bench.deadlines) == 0
    assert repr(bench.pool) == "<Pool e 0 idle, 0 dialling>"


def test_what_comes_of_a_dial_is_said_to_who_debugs(bench: Bench) -> None:
    async def refuse(make: object) -> ClientConnection:
        raise OSError("odd")

    with listening() as said:
        bench.acquire()
        bench.dialer.dial = refuse  # type: ignore[method-assign]
        bench.acquire()
    bench.acquire()
    assert said == [
        "connect e: connected after 0.0 ms",
        "connect e: destination_ip_unroutable: e: odd after 0.0 ms",
    ]
