"""What of keeper.py is more than an interface."""

import asyncio
import socket
from pathlib import Path
from typing import Any

from porch.keeper import send_file, unsent


def test_what_the_far_end_has_not_taken_is_counted_in_both_buffers() -> None:
    async def main() -> None:
        near, far = socket.socketpair()
        near.setblocking(False)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, near)
        assert unsent(transport) == 0
        transport.write(b"x" * 1000)
        waiting = unsent(transport)
        assert waiting >= 1000
        assert transport.get_write_buffer_size() == 0, "all of it is in the system's buffer"
        transport.write(b"x" * 10_000_000)
        assert transport.get_write_buffer_size() > 0
        assert unsent(transport) > transport.get_write_buffer_size()
        before = unsent(transport)
        far.recv(100_000)
        assert unsent(transport) < before
        transport.abort()
        far.close()
        await asyncio.sleep(0)

    asyncio.run(main())


def test_the_systems_buffer_is_added_to_the_transports() -> None:
    near, far = socket.socketpair()

    class Transport:
        def get_extra_info(self, name: str) -> socket.socket:
            assert name == "socket"
            return near

        def get_write_buffer_size(self) -> int:
            return 7

    transport: Any = Transport()
    assert unsent(transport) == 7
    near.close()
    far.close()


def test_a_file_is_sent_as_far_as_the_far_end_has_room(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 40_000)

    async def main() -> None:
        near, far = socket.socketpair()
        near.setblocking(False)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, near)
        with path.open("rb") as file:
            assert send_file(transport, file.fileno(), 3, 4) == 4
            assert far.recv(10) == bytes((3, 4, 5, 6))
            sent = 0
            while (count := send_file(transport, file.fileno(), sent, 10_000_000 - sent)) > 0:
                sent += count
            assert 0 < sent < 10_000_000, "it is full"
            transport.write(b"x" * 1_000_000)
            far.recv(1_000_000)
            assert transport.get_write_buffer_size() > 0
            assert send_file(transport, file.fileno(), 0, 9) == -1, "not past what waits"
        transport.abort()
        far.close()
        assert send_file(transport, -1, 0, 9) == -1
        await asyncio.sleep(0)

    asyncio.run(main())
