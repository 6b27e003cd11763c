"""Connections that are told for whom they are: of each client apart."""

from collections.abc import Iterator
from typing import Any

import pytest

from porch import clock
from porch.balance.endpoint import Endpoint
from porch.clock import Deadlines
from porch.forward import proxy_protocol
from porch.forward.h1 import ClientConnection
from porch.forward.pool import Pool
from porch.forward.proxy_protocol import MOST, ByClient
from porch.http.h1 import HeadLimits
from tests.forward.test_pool import Asking
from tests.support.dialer import FakeDialer
from tests.support.network import FakeClock, FakeLoop, FakeSocket, FakeTransport


class Bench:
    """An endpoint that is told of its clients. made: for whom pools were made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock(monkeypatch)
        self.loop = FakeLoop(self.clock)
        self.deadlines = Deadlines()
        self.made: list[bytes | None] = []
        self.pool = ByClient(self._make)
        connections: Any = self.pool
        self.endpoint = Endpoint("e", connections)

    def _make(self, client: bytes | None) -> Pool:
        self.made.append(client)
        dialer: Any = FakeDialer(lambda: FakeTransport(self.loop, {"socket": FakeSocket(-1)}))
        return Pool("e", dialer, self.deadlines, HeadLimits(), 16)

    def acquire(self, client: bytes) -> Any:
        exchange: Any = Asking(self.endpoint)
        exchange.client_ip = client

        def ask() -> None:
            exchange.connected = self.pool.acquire(exchange)

        self.loop.run(ask)
        return exchange

    def release(self, exchange: Any) -> ClientConnection:
        connection: ClientConnection = exchange.connected
        connection.exchange = None
        self.loop.run(lambda: self.pool._pools[exchange.client_ip].release(connection))
        return connection


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(monkeypatch)
    yield made
    assert made.loop.problems == []
    made.loop.close()


def test_a_kept_connection_serves_its_client_again_and_nobody_else(bench: Bench) -> None:
    kept = bench.release(bench.acquire(b"192.0.2.1"))
    assert bench.acquire(b"192.0.2.2").connected is not kept
    assert bench.acquire(b"192.0.2.1").connected is kept
    assert bench.made == [None, b"192.0.2.1", b"192.0.2.2"]


def test_who_waits_no_longer_is_taken_off(bench: Bench) -> None:
    exchange = Asking(bench.endpoint)
    exchange.client_ip = b"192.0.2.1"  # type: ignore[attr-defined]

    def come_and_go() -> None:
        bench.pool.acquire(exchange)  # type: ignore[arg-type]
        bench.pool.cancel(exchange)  # type: ignore[arg-type]

    bench.loop.run(come_and_go)
    assert exchange.connected is None
    exchange.client_ip = b"192.0.2.9"  # type: ignore[attr-defined]
    bench.pool.cancel(exchange)  # type: ignore[arg-type]


def test_clients_without_a_connection_are_forgotten(bench: Bench) -> None:
    for number in range(proxy_protocol._FEW * 3):
        bench.release(bench.acquire(b"10.0.0.%d" % number))
        bench.clock.advance(1)
        bench.loop.run(bench.deadlines.check)
    assert len(bench.pool) <= proxy_protocol._FEW


def test_what_is_kept_is_bounded_and_who_came_first_goes(bench: Bench) -> None:
    for number in range(MOST * 2):
        bench.release(bench.acquire(b"10.0.%d.%d" % divmod(number, 256)))
    assert len(bench.pool) <= MOST
    assert b"10.0.0.0" not in bench.pool._pools
    assert b"10.0.%d.%d" % divmod(MOST * 2 - 1, 256) in bench.pool._pools


def test_a_reload_closes_all_that_is_kept_and_what_runs_ends_in_peace(bench: Bench) -> None:
    kept, runs = bench.release(bench.acquire(b"192.0.2.1")), bench.acquire(b"192.0.2.2")
    bench.loop.run(bench.pool.close)
    assert kept.closed
    assert not runs.connected.closed
    bench.release(runs)
    assert runs.connected.closed
    late = bench.acquire(b"192.0.2.3")
    bench.release(late)
    assert late.connected.closed


def test_idle_connections_of_all_wait_as_long_as_the_words_say(bench: Bench) -> None:
    bench.acquire(b"192.0.2.1")
    bench.pool.idle_timeout = 9.0
    for client in (b"192.0.2.1", b"192.0.2.2"):
        kept = bench.release(bench.acquire(client))
        assert kept.deadline == clock.now + 9.0
    assert bench.pool.idle_timeout == 9.0


def test_a_look_ahead_is_the_doors_own(bench: Bench) -> None:
    seen: list[str] = []

    class Place:
        def on_success(self) -> None:
            seen.append("there")

    bench.loop.run(lambda: bench.pool.dial_ahead(Place()))  # type: ignore[arg-type]
    assert seen == ["there"]
    assert repr(bench.pool) == "<ByClient e 0 clients>"
