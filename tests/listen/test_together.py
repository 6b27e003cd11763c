"""A head and a file, sent as one on real sockets."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from porch.listen.together import send_together

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


def on_sockets(act: Callable[[Any, socket.socket], None], *, family: int = socket.AF_INET) -> None:
    """`act` with a transport and the socket at its far end."""

    async def main() -> None:
        if family == socket.AF_INET:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                far = socket.create_connection(listener.getsockname())
                near, _ = listener.accept()
        else:
            near, far = socket.socketpair()
        near.setblocking(False)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, near)
        far.settimeout(10)
        act(transport, far)
        await asyncio.sleep(0)
        transport.abort()
        far.close()
        await asyncio.sleep(0)

    asyncio.run(main())


def received(far: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += far.recv(1 << 20)
    return data


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "file"
    made.write_bytes(bytes(range(256)) * 4)
    return made


def test_both_leave_at_once_and_nothing_is_held_back(path: Path) -> None:
    def act(transport: Any, far: socket.socket) -> None:
        with path.open("rb") as file:
            assert send_together(transport, HEAD, file.fileno(), 1, 100) == 100
        assert received(far, len(HEAD) + 100) == HEAD + path.read_bytes()[1:101]
        cork = transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_CORK)
        assert cork == 0

    on_sockets(act)


def test_where_something_waits_the_head_waits_behind_it(path: Path) -> None:
    def act(transport: Any, far: socket.socket) -> None:
        transport.write(b"x" * 10_000_000)
        assert transport.get_write_buffer_size() > 0
        before = transport.get_write_buffer_size()
        with path.open("rb") as file:
            assert send_together(transport, HEAD, file.fileno(), 0, 100) == 0
        assert transport.get_write_buffer_size() == before + len(HEAD)

    on_sockets(act)


def test_where_there_is_no_tcp_the_head_leaves_alone(path: Path) -> None:
    def act(transport: Any, far: socket.socket) -> None:
        with path.open("rb") as file:
            assert send_together(transport, HEAD, file.fileno(), 0, 100) == 0
        assert received(far, len(HEAD)) == HEAD

    on_sockets(act, family=socket.AF_UNIX)


def test_who_has_left_is_found_out_by_the_loop(path: Path) -> None:
    def act(transport: Any, far: socket.socket) -> None:
        transport.abort()
        with path.open("rb") as file:
            assert send_together(transport, HEAD, file.fileno(), 0, 100) == 0

    on_sockets(act)


def test_a_file_that_cannot_be_sent_from_leaves_the_head_whole(path: Path) -> None:
    def act(transport: Any, far: socket.socket) -> None:
        with path.open("wb") as file:
            assert send_together(transport, HEAD, file.fileno(), 0, 100) == 0
        assert received(far, len(HEAD)) == HEAD

    on_sockets(act)
