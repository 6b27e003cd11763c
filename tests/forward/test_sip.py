"""Reading in small pieces, by real loops and sockets, with TLS and without."""

import asyncio
import socket
import ssl
from collections.abc import Callable

import pytest
import trustme
import uvloop

from porch.forward.sip import A_HEAD, A_SIP, Sip

SIZE = 300_000


class Inner(asyncio.Protocol):
    """Hears in pieces, the first of which is a head. Reads as ever after `least` bytes of them, and
    sips again for the rest."""

    def __init__(self, least: int) -> None:
        self.pieces: list[int] = []
        self.least = least
        self.told: list[str] = []
        self.started = False
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def turn(self, protocol: asyncio.BaseProtocol) -> None:
        self.transport.pause_reading()
        self.transport.set_protocol(protocol)
        self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self.pieces.append(len(data))
        self.started = True
        if sum(self.pieces) > self.least:
            self.turn(self)

    def eof_received(self) -> bool:
        self.told.append("eof")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append("lost")
        self.over.set_result(None)


def contexts(secure: bool) -> tuple[ssl.SSLContext | None, ssl.SSLContext | None]:
    if not secure:
        return None, None
    authority = trustme.CA()
    near, far = ssl.create_default_context(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.configure_trust(near)
    authority.issue_cert("a.test").configure_cert(far)
    return near, far


@pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop])
@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("least", [SIZE, 5 * A_SIP])
def test_what_is_sipped_is_whole_and_in_small_pieces(
    loop: Callable[[], asyncio.AbstractEventLoop], secure: bool, least: int
) -> None:
    near, far = contexts(secure)

    async def main() -> None:
        async def origin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readexactly(1) * SIZE)
            await writer.drain()
            writer.close()

        running = asyncio.get_running_loop()
        listening = socket.create_server(("127.0.0.1", 0))
        async with await asyncio.start_server(origin, sock=listening, ssl=far):
            transport, inner = await running.create_connection(
                lambda: Inner(least),
                *listening.getsockname(),
                ssl=near,
                server_hostname="a.test" if secure else None,
            )
            inner.turn(Sip(inner, inner))
            transport.write(b"a")
            await asyncio.wait_for(inner.over, 20)
        assert sum(inner.pieces) == SIZE
        assert inner.told == ["eof", "lost"]
        sipped = inner.pieces if least == SIZE else inner.pieces[:5]
        assert max(sipped) <= A_SIP
        assert sipped[0] <= A_HEAD, "a head comes with little behind it"

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(main())


def test_it_says_for_whom_it_reads() -> None:
    class Named(asyncio.Protocol):
        started = False

        def __repr__(self) -> str:
            return "<Named>"

    named = Named()
    assert repr(Sip(named, named)) == "<Sip <Named>>"
