"""An accepted connection until it has its protocol, with TLS and without."""

import asyncio
import contextlib
import socket
import ssl
from typing import Any, cast

import pytest
import trustme

from porch.listen.opening import Opening
from tests.listen.conftest import Run

Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


@pytest.fixture(scope="module")
def contexts() -> Contexts:
    """The door's, and that of a client who trusts it."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


class Greeting(asyncio.Protocol):
    """Says hello and closes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        made = cast("asyncio.Transport", transport)
        made.write(b"hello")
        made.close()


def accepted(sessions: set[Any], tls: ssl.SSLContext | None = None) -> socket.socket:
    """A client whose connection is being opened."""
    near, far = socket.socketpair()
    far.setblocking(False)
    Opening(sessions, asyncio.get_running_loop(), near, Greeting, tls)
    return far


async def told(client: socket.socket, tls: ssl.SSLContext | None = None) -> bytes:
    """All that a client gets."""
    reader, writer = await asyncio.open_connection(
        sock=client, ssl=tls, server_hostname="127.0.0.1" if tls else None
    )
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


def test_with_tls_the_handshake_comes_first(run: Run, contexts: Contexts) -> None:
    async def main() -> None:
        sessions: set[Any] = set()
        client = accepted(sessions, contexts[0])
        await asyncio.sleep(0)
        assert len(sessions) == 1
        assert await told(client, contexts[1]) == b"hello"
        assert not sessions

    run(main())


def test_a_failed_handshake_ends_it_without_a_word(
    run: Run, contexts: Contexts, capfd: pytest.CaptureFixture[str]
) -> None:
    async def main() -> None:
        sessions: set[Any] = set()
        for wrong in (b"GET / HTTP/1.1\r\n\r\n", b""):
            client = accepted(sessions, contexts[0])
            client.send(wrong)
            client.shutdown(socket.SHUT_WR)
            assert not (await told(client)).startswith(b"hello")
        with pytest.raises(ssl.SSLCertVerificationError):
            await told(accepted(sessions, contexts[0]), ssl.create_default_context())
        while sessions:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)

    run(main())
    assert capfd.readouterr() == ("", "")


def test_a_handshake_that_takes_too_long_ends_it(
    run: Run, contexts: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("porch.listen.opening.HANDSHAKE", 0.01)

    async def main() -> None:
        sessions: set[Any] = set()
        assert await told(accepted(sessions, contexts[0])) == b""
        assert not sessions

    run(main())


def test_a_handshake_under_way_goes_on_in_a_drain_and_ends_with_the_door(
    run: Run, contexts: Contexts
) -> None:
    async def main() -> None:
        sessions: set[Any] = set()
        client = accepted(sessions, contexts[0])
        await asyncio.sleep(0)
        (opening,) = sessions
        opening.drain()
        await asyncio.sleep(0)
        assert sessions == {opening}
        opening.close_now()
        assert await told(client) == b""
        assert not sessions

    run(main())


def test_a_protocol_that_cannot_be_made_is_a_defect_and_closes_the_connection(run: Run) -> None:
    def broken() -> asyncio.BaseProtocol:
        raise ZeroDivisionError

    async def main() -> None:
        sessions: set[Any] = set()
        near, far = socket.socketpair()
        with far, pytest.raises(ZeroDivisionError):
            Opening(sessions, asyncio.get_running_loop(), near, broken, None)
        assert near.fileno() == -1
        assert not sessions

    run(main())
