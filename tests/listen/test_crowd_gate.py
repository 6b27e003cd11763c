"""Whom a listener lets in: real sockets on loopback."""

import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from porch import clock
from porch.crowd import EVERYBODY, CrowdTable
from porch.listen.crowd_gate import ARRIVALS, CONNECTIONS, UNBOUNDED, Bounds, Gate
from porch.listen.crowd_seats import Seats


class Bench:
    """A gate, a listening socket, and its clients."""

    def __init__(self, family: socket.AddressFamily = socket.AF_INET) -> None:
        self.cuts = Counter[str]()
        self.said: list[str] = []
        self.crowd = CrowdTable(2).row(1)
        self.gate = Gate(self.crowd, self.cuts, lambda text, about: self.said.append(text))
        self.family = family
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self.sock.listen()
        self.clients: list[socket.socket] = []

    def come(self, bounds: Bounds, source: str = "127.0.0.1") -> socket.socket | None:
        client = socket.socket(self.family, socket.SOCK_STREAM)
        client.settimeout(5)
        if self.family == socket.AF_INET:
            client.bind((source, 0))
        client.connect(self.sock.getsockname())
        self.clients.append(client)
        accepted = self.gate.accept(self.sock, self.family, bounds)
        if accepted is not None:
            self.clients.append(accepted)
        return accepted

    def close(self) -> None:
        for each in (self.sock, *self.clients):
            each.close()


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    time = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: time[0])
    return time


def test_without_bounds_or_others_to_count_with_nobody_is_counted(bench: Bench) -> None:
    assert bench.gate.counts(Bounds(most=5))
    assert not bench.gate.counts(UNBOUNDED)
    assert not Gate(None, bench.cuts, lambda text, about: None).counts(Bounds(most=5))


@pytest.mark.parametrize("end", ["close", "detach"])
def test_a_client_is_counted_until_its_socket_ends(bench: Bench, end: str) -> None:
    sock = bench.come(Bounds(most=5))
    assert sock is not None
    assert bench.crowd.here(EVERYBODY) == 1
    descriptor = getattr(sock, end)()
    sock.close()
    if descriptor is not None:
        socket.close(descriptor)
    assert bench.crowd.here(EVERYBODY) == 0


def test_one_connection_too_many_of_a_client_is_closed_and_counted(bench: Bench) -> None:
    bounds = Bounds(per_client=2)
    kept = [bench.come(bounds), bench.come(bounds)]
    assert None not in kept
    assert bench.come(bounds) is None
    assert bench.clients[-1].recv(1) == b""
    assert bench.cuts == {CONNECTIONS: 1}
    assert bench.said == [
        "127.0.0.1 has 2 connections already (connections.per_client): further ones are closed"
    ]
    assert bench.come(bounds, "127.0.0.2") is not None
    kept[0].close()  # type: ignore[union-attr]
    assert bench.come(bounds) is not None


@pytest.mark.parametrize("end", ["close", "detach"])
def test_where_seats_are_kept_a_newcomer_takes_that_of_who_came_first(
    bench: Bench, end: str
) -> None:
    seats = Seats(lambda text, about: bench.said.append(text))
    bounds = Bounds(per_client=2, seats=seats)
    first, second = bench.come(bounds), bench.come(bounds)
    assert first is not None
    assert second is not None
    assert bench.come(bounds, "127.0.0.2") is not None
    held = seats.hold(second.fileno())
    assert bench.come(bounds) is not None
    assert bench.clients[0].recv(1) == b""
    descriptor = getattr(first, end)()
    if descriptor is not None:
        socket.close(descriptor)
    assert bench.crowd.here(bytes((127, 0, 0, 1))) == 2
    assert bench.come(bounds) is not None
    assert bench.come(bounds) is not None
    assert bench.cuts == {}
    assert held is not None
    assert seats.make_room(bytes((127, 0, 0, 2)))
    assert not bench.come(Bounds(per_client=1)), "others refuse as ever"


def test_a_client_that_comes_too_fast_is_closed_until_a_second_is_over(
    bench: Bench, now: list[float]
) -> None:
    bounds = Bounds(new_per_client=3)
    assert [bench.come(bounds) is None for _ in range(5)] == [False, False, False, True, True]
    assert bench.cuts == {ARRIVALS: 2}
    now[0] += 2
    assert bench.come(bounds) is not None


def test_who_speaks_for_many_has_no_bound_of_its_own_but_counts_among_all(bench: Bench) -> None:
    bounds = Bounds(per_client=1, new_per_client=1, exempt=lambda peer: peer == b"127.0.0.1")
    assert all(bench.come(bounds) is not None for _ in range(4))
    assert bench.crowd.here(EVERYBODY) == 4
    assert not bench.cuts


def test_the_whole_is_full_and_too_fast_by_its_own_bounds(bench: Bench, now: list[float]) -> None:
    gate, bounds = bench.gate, Bounds(most=2, new=3)
    kept = [bench.come(bounds)]
    assert not gate.is_full(bounds)
    assert not gate.is_fast(bounds)
    kept.append(bench.come(bounds))
    assert gate.is_full(bounds)
    assert gate.fullness(bounds, 99).startswith("2 clients are connected, further clients wait")
    kept.append(bench.come(bounds))
    assert gate.is_fast(bounds)
    assert gate.pace(bounds).endswith("a higher connections.new_per_second")
    now[0] += 2
    assert not gate.is_fast(bounds)
    assert gate.fullness(Bounds(), 99).startswith("99 clients are connected")


def test_clients_of_ipv6_are_told_apart_by_their_network() -> None:
    bench = Bench(socket.AF_INET6)
    try:
        assert bench.come(Bounds(per_client=1)) is not None
        assert bench.come(Bounds(per_client=1)) is None
        assert bench.crowd.here(bytes(8)) == 1
    finally:
        bench.close()


def test_bounds_that_no_setting_changes_name_none(bench: Bench) -> None:
    bounds = Bounds(most=1, per_client=1, are_fixed=True)
    assert bench.come(bounds) is not None
    assert bench.come(bounds) is None
    said = [*bench.said, bench.gate.fullness(bounds, 99)]
    assert said == [
        "127.0.0.1 has 1 connections already: further ones are closed",
        "1 clients are connected, further clients wait; one that leaves",
    ]
