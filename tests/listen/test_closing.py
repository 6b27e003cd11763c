"""A reset, as a real client sees it."""

import asyncio
import socket

import pytest

from porch.listen.closing import reset
from tests.listen.conftest import Run


def test_the_client_of_a_connection_that_is_reset_gets_no_clean_end(run: Run) -> None:
    async def main() -> None:
        made: list[asyncio.Transport] = []

        class Protocol(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                assert isinstance(transport, asyncio.Transport) or hasattr(transport, "abort")
                made.append(transport)  # type: ignore[arg-type]

        loop = asyncio.get_running_loop()
        server = await loop.create_server(Protocol, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while not made:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        made[0].write(b"half of ")
        assert await reader.read(8) == b"half of "
        reset(made[0])
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        server.close()

    run(main())


def test_a_transport_without_a_socket_is_aborted(run: Run) -> None:
    class Nothing:
        ended = False

        def get_extra_info(self, name: str) -> socket.socket | None:
            return None

        def abort(self) -> None:
            self.ended = True

    nothing = Nothing()
    reset(nothing)  # type: ignore[arg-type]
    assert nothing.ended
