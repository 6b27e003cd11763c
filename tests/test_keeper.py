"""What of keeper.py is more than an interface."""

import asyncio
import socket
from typing import Any

from porch.keeper import unsent


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
