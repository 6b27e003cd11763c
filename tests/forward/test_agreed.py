"""Who speaks what was agreed in a handshake."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from porch.forward.agreed import Agreeing
from tests.support.network import FakeClock, FakeLoop, FakeSocket, FakeTransport


class Spoken(asyncio.Protocol):
    def __init__(self, what: str) -> None:
        self.what = what
        self.got = b""
        self.is_abandoned = False

    def data_received(self, data: bytes) -> None:
        self.got += data

    def abandon(self) -> None:
        self.is_abandoned = True


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = FakeLoop(FakeClock(monkeypatch))
    yield made
    made.close()


def connected(loop: FakeLoop, agreeing: Agreeing[Spoken], chosen: str | None) -> FakeTransport:
    tls = SimpleNamespace(selected_alpn_protocol=lambda: chosen)
    transport = FakeTransport(loop, {"socket": FakeSocket(-1), "ssl_object": tls})
    loop.run(lambda: transport.connect(agreeing))
    return transport


@pytest.mark.parametrize(("chosen", "what"), [("h2", "h2"), (None, "")])
def test_the_connection_is_handed_over(loop: FakeLoop, chosen: str | None, what: str) -> None:
    agreeing = Agreeing(Spoken)
    transport = connected(loop, agreeing, chosen)
    assert agreeing.connection is not None
    assert agreeing.connection.what == what
    assert transport.protocol is agreeing.connection
    loop.run(lambda: transport.feed(b"a"))
    assert agreeing.connection.got == b"a"
    agreeing.abandon()
    assert agreeing.connection.is_abandoned


def test_what_nobody_speaks_is_closed(loop: FakeLoop) -> None:
    agreeing: Agreeing[Spoken] = Agreeing(lambda _: None)
    assert connected(loop, agreeing, "h2").seen == "closed"
    assert agreeing.connection is None


def test_who_has_left_gets_no_connection(loop: FakeLoop) -> None:
    agreeing = Agreeing(Spoken)
    agreeing.abandon()
    assert connected(loop, agreeing, "h2").seen == "closed"
    assert agreeing.connection is None
