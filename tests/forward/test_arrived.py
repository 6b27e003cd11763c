"""What came of an origin is seen before the loop tells."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from porch.forward.arrived import arrived, poll_of
from tests.support.network import FakeSocket

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    near, far = socket.socketpair()
    near.setblocking(False)
    with near, far:
        yield near, far


def transport_of(descriptor: int, tls: object = None) -> asyncio.BaseTransport:
    return asyncio.BaseTransport({"socket": FakeSocket(descriptor), "ssl_object": tls})


def test_a_poll_tells_of_data_and_of_the_end(pair: Pair) -> None:
    near, far = pair
    descriptor, poll = poll_of(transport_of(near.fileno()))
    assert descriptor == near.fileno()
    assert not poll(0)
    far.send(b"abc")
    assert poll(0)
    assert arrived(descriptor) == b"abc"
    assert not poll(0)
    far.close()
    assert poll(0)
    assert arrived(descriptor) == b""


def test_a_broken_connection_is_an_end(pair: Pair) -> None:
    assert arrived(pair[0].fileno()) == b"", "EAGAIN, as any error"


def test_of_what_is_tls_and_without_a_socket_nothing_is_told(pair: Pair) -> None:
    near, far = pair
    far.send(b"abc")
    for transport in (transport_of(near.fileno(), tls=object()), asyncio.BaseTransport()):
        descriptor, poll = poll_of(transport)
        assert descriptor == (-1 if transport.get_extra_info("socket") is None else near.fileno())
        assert not poll(0)
