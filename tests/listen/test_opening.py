"""An accepted connection until it has its protocol."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any, cast

import pytest

from porch import clock
from porch.clock import Deadlines
from porch.listen.door import Door
from porch.listen.opening import Looking, Opening
from tests.listen.conftest import Run
from tests.listen.test_door import Settings
from tests.support.network import FakeClock, FakeLoop, FakeSocket, FakeTransport


class Greeting(asyncio.Protocol):
    """Says hello and closes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        made = cast("asyncio.Transport", transport)
        made.write(b"hello")
        made.close()


def accepted(sessions: set[Any]) -> socket.socket:
    """A client whose connection is being opened."""
    near, far = socket.socketpair()
    far.setblocking(False)
    Opening(sessions, asyncio.get_running_loop(), near, Greeting)
    return far


async def told(client: socket.socket) -> bytes:
    """All that a client gets."""
    reader, writer = await asyncio.open_connection(sock=client)
    try:
        return await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def test_it_counts_as_a_session_until_its_protocol_is_connected(run: Run) -> None:
    async def main() -> None:
        sessions: set[Any] = set()
        client = accepted(sessions)
        assert len(sessions) == 1
        assert await told(client) == b"hello"
        assert not sessions

    run(main())


def test_a_protocol_that_cannot_be_made_is_a_defect_and_closes_the_connection(run: Run) -> None:
    def broken() -> asyncio.BaseProtocol:
        raise ZeroDivisionError

    async def main() -> None:
        sessions: set[Any] = set()
        near, far = socket.socketpair()
        with far, pytest.raises(ZeroDivisionError):
            Opening(sessions, asyncio.get_running_loop(), near, broken)
        assert near.fileno() == -1
        assert not sessions

    run(main())


class First(Looking):
    """Gives its place away at the third byte."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._look(5.0)

    def data_received(self, data: bytes) -> None:
        self._first += data
        if len(self._first) > 2:
            self._become(Heard(), self._transport, self._first[2:])

    def on_deadline(self) -> None:
        self.close_now()


class Heard(asyncio.Protocol):
    """Keeps what it hears."""

    heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.heard += data


@pytest.fixture
def looking(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTransport]:
    """A connection at which nothing has come."""
    loop = FakeLoop(FakeClock(monkeypatch))
    made = FakeTransport(loop, {"socket": FakeSocket(-1)})
    loop.run(lambda: made.connect(First(Door(Settings(), Deadlines()))))
    yield made
    loop.close()


def feed(transport: FakeTransport, data: bytes) -> None:
    transport._loop.run(lambda: transport.feed(data))


def test_who_looks_is_a_session_with_a_deadline_until_another_has_the_place(
    looking: FakeTransport,
) -> None:
    first = cast("First", looking.protocol)
    feed(looking, b"ab")
    assert repr(first) == "<First b'ab'>"
    assert (first._door.sessions, [*first._door.deadlines]) == ({first}, [first])
    assert first.deadline == clock.now + 5.0
    feed(looking, b"cde")
    served = cast("Heard", looking.protocol)
    assert (served.transport, served.heard) == (looking, b"cde")
    assert (first._door.sessions, [*first._door.deadlines]) == (set(), [])


def test_a_stop_closes_it_only_while_nothing_has_come(looking: FakeTransport) -> None:
    first = cast("First", looking.protocol)
    first.announce()
    feed(looking, b"a")
    first.drain()
    assert looking.seen == ""
    looking._loop.run(first.close_now)
    assert looking.seen in ("closed", "reset")
    assert not first._door.sessions


def test_a_stop_closes_one_that_has_said_nothing(looking: FakeTransport) -> None:
    first = cast("First", looking.protocol)
    looking._loop.run(first.drain)
    assert looking.seen == "closed"
    assert not first._door.sessions
