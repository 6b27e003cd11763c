"""A connection behind a PROXY header: who is believed, and what is served then."""

from collections.abc import Iterator
from functools import partial

import pytest

from porch.clock import Deadlines
from porch.listen.agreed import plain_connection
from porch.listen.door import Door
from porch.listen.h1 import ServerConnection
from porch.listen.proxy_protocol_in import WORD, Announcing, Proxied
from tests.listen.test_door import Settings
from tests.support.network import FakeClock, FakeLoop, FakeSocket, FakeTransport

HEADER = b"PROXY TCP4 203.0.113.9 198.51.100.1 56324 443\r\n"
GET = b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n"


class Bench:
    """Connections at a door that expects headers of 10.0.0.5."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock(monkeypatch)
        self.loop = FakeLoop(self.clock)
        self.settings = Settings()
        self.settings.announces = {b"10.0.0.5": True, b"unix": True}.get
        self.door = Door(self.settings, Deadlines())
        self.told: list[str] = []
        self.door.warn = lambda text, about: self.told.append(text)

    def connect(self, peer: str) -> FakeTransport:
        name = (peer, 5) if peer else ""
        extra = {"peername": name, "sockname": ("10.0.0.1", 80), "socket": FakeSocket(-1)}
        transport = FakeTransport(self.loop, extra)
        announcing = Announcing(self.door, partial(plain_connection, self.door, b"80"))
        self.loop.run(lambda: transport.connect(announcing))
        return transport

    def feed(self, transport: FakeTransport, data: bytes) -> None:
        self.loop.run(lambda: transport.feed(data))


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(monkeypatch)
    yield made
    made.loop.close()


@pytest.mark.parametrize("peer", ["10.0.0.5", "", "::ffff:10.0.0.5"])
@pytest.mark.parametrize("place", [0, 1, 20, len(HEADER), len(HEADER) + 5])
def test_behind_the_header_the_client_is_who_it_names(bench: Bench, peer: str, place: int) -> None:
    transport = bench.connect(peer)
    for data in ((HEADER + GET)[:place], (HEADER + GET)[place:]):
        if data:
            bench.feed(transport, data)
    connection = transport.protocol
    assert isinstance(connection, ServerConnection)
    assert connection.peer == b"203.0.113.9"
    assert bench.door.requests == 1
    assert bench.door.sessions == {connection}
    assert not bench.told


def test_a_header_without_a_client_leaves_the_peer_as_it_is(bench: Bench) -> None:
    transport = bench.connect("10.0.0.5")
    bench.feed(transport, b"PROXY UNKNOWN\r\n" + GET)
    assert isinstance(transport.protocol, ServerConnection)
    assert transport.protocol.peer == b"10.0.0.5"


def test_nobody_elses_header_is_believed(bench: Bench) -> None:
    transport = bench.connect("10.0.0.6")
    connection = transport.protocol
    assert isinstance(connection, ServerConnection)
    bench.feed(transport, HEADER + GET)
    assert connection.peer == b"10.0.0.6"
    assert bytes(transport.arrived).startswith(b"HTTP/1.1 4")
    assert bench.door.cuts[WORD] == 0


def test_who_must_send_one_and_does_not_is_cut_off_and_told_of(bench: Bench) -> None:
    transport = bench.connect("10.0.0.5")
    bench.feed(transport, GET)
    assert transport.seen == "closed"
    assert not transport.arrived
    assert bench.door.cuts[WORD] == 1
    assert "10.0.0.5, which is in proxy_protocol, was cut: it begins with no PROXY" in bench.told[0]
    assert (bench.door.requests, len(bench.door.sessions), len(bench.door.deadlines)) == (0, 0, 0)


def test_a_second_header_is_no_request(bench: Bench) -> None:
    transport = bench.connect("10.0.0.5")
    bench.feed(transport, HEADER + HEADER + GET)
    assert bytes(transport.arrived).startswith(b"HTTP/1.1 4")


def test_a_header_that_does_not_come_is_not_waited_for(bench: Bench) -> None:
    transport = bench.connect("10.0.0.5")
    bench.feed(transport, HEADER[:10])
    patience = bench.settings.timeouts.head
    bench.clock.advance(patience - 1)
    bench.feed(transport, HEADER[10:20])
    bench.loop.run(bench.door.deadlines.check)
    assert transport.seen == ""
    bench.clock.advance(2)
    bench.loop.run(bench.door.deadlines.check)
    assert transport.seen == "closed"
    assert bench.door.cuts[WORD] == 1


def test_who_only_looks_whether_somebody_listens_is_not_told_of(bench: Bench) -> None:
    transport = bench.connect("10.0.0.5")
    bench.loop.run(transport.feed_eof)
    assert (bench.door.cuts[WORD], bench.told) == (0, [])
    assert not bench.door.sessions
    half = bench.connect("10.0.0.5")
    bench.feed(half, HEADER[:9])
    bench.loop.run(half.feed_eof)
    assert bench.door.cuts[WORD] == 1


def test_a_door_that_closes_waits_for_no_header(bench: Bench) -> None:
    idle, begun = bench.connect("10.0.0.5"), bench.connect("10.0.0.5")
    bench.feed(begun, HEADER[:9])
    bench.loop.run(bench.door.drain)
    assert (idle.seen, begun.seen) == ("closed", "")
    bench.loop.run(bench.door.close_now)
    assert begun.seen == "closed"
    assert not bench.door.sessions


def test_after_a_reload_new_connections_follow_the_new_words(bench: Bench) -> None:
    bench.settings.announces = None
    assert isinstance(bench.connect("10.0.0.5").protocol, ServerConnection)


def test_the_transport_is_the_same_but_for_its_ends(bench: Bench) -> None:
    transport = bench.connect("10.0.0.5")
    bench.feed(transport, HEADER)
    found = transport.protocol._transport  # type: ignore[attr-defined]
    assert isinstance(found, Proxied)
    assert found.get_extra_info("peername") == ("203.0.113.9", 56324)
    assert found.get_extra_info("sockname") == ("198.51.100.1", 443)
    assert isinstance(found.get_extra_info("socket"), FakeSocket)
    assert found.get_extra_info("nothing", 7) == 7
    assert found.write == transport.write
