"""A tunnel between a client's transport and an exchange. More of it is told in tests/scenario."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from porch.errors import Shutdown
from porch.listen.tunnel import Tunnel
from tests.support.network import FakeClock, FakeLoop, FakeSocket, FakeTransport


class Told:
    """An exchange that notes what the client says."""

    request_done = False

    def __init__(self) -> None:
        self.heard: list[tuple[bytes, bool]] = []

    def on_request_data(self, head: object, data: bytes, end: bool) -> None:
        assert head is None
        self.heard.append((data, end))


class Bench:
    """A tunnel over a fake transport."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loop = FakeLoop(FakeClock(monkeypatch))

    def tunnel(self, protocol: bytes = b"websocket", tls: bool = False) -> Tunnel:
        self.transport = FakeTransport(self.loop, {"socket": FakeSocket(-1)}, tls)
        self.exchange = Told()
        return Tunnel(self.transport, cast("Any", self.exchange), protocol)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(monkeypatch)
    yield made
    made.loop.close()


@pytest.mark.parametrize("protocol", [b"websocket", b"tea"])
def test_bytes_and_ends_go_both_ways(bench: Bench, protocol: bytes) -> None:
    tunnel = bench.tunnel(protocol)
    tunnel.hear(b"ping")
    tunnel.hear_end()
    tunnel.send(b"pong", False)
    tunnel.send(b"", True)
    assert bench.exchange.heard == [(b"ping", False), (b"", True)]
    assert bench.transport.arrived == b"pong"
    assert bench.transport.seen == "half-closed"


@pytest.mark.parametrize("is_done", [False, True])
def test_where_one_side_cannot_end_alone_the_origins_end_is_the_clients(
    bench: Bench, is_done: bool
) -> None:
    tunnel = bench.tunnel(tls=True)
    bench.exchange.request_done = is_done
    tunnel.send(b"last", True)
    assert bench.transport.arrived == b"last"
    assert bench.exchange.heard == ([] if is_done else [(b"", True)])


def test_a_websocket_is_told_its_end_between_two_frames_alone(bench: Bench) -> None:
    tunnel = bench.tunnel()
    tunnel.send(b"\x81\x02h", False)
    assert not tunnel.say_farewell(Shutdown())
    tunnel.send(b"i", False)
    assert tunnel.say_farewell(Shutdown())
    assert bench.transport.arrived == b"\x81\x02hi\x88\x10\x03\xf4proxy_shutdown"
    assert tunnel.heard is not None
    assert not tunnel.heard.closed
    tunnel.hear(b"\x88\x80keys")
    assert tunnel.heard.closed


def test_nothing_is_told_in_another_protocol_or_behind_an_end(bench: Bench) -> None:
    tunnel = bench.tunnel(b"tea")
    assert not tunnel.say_farewell(Shutdown())
    assert tunnel.heard is None
    tunnel = bench.tunnel()
    tunnel.send(b"", True)
    assert not tunnel.say_farewell(Shutdown())
