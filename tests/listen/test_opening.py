"""An accepted connection until it has its protocol."""

import asyncio
import contextlib
import socket
from typing import Any, cast

import pytest

from porch.listen.opening import Opening
from tests.listen.conftest import Run


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
