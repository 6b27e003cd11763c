"""porch.listen.accepting."""

import os
import socket
import sys
from types import FrameType

import pytest

from porch.listen.accepting import Accepted, accept


def test_the_next_client_is_a_socket_that_knows_where_it_comes_from() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            accept(listening, socket.AF_INET, Accepted)
        with socket.create_connection(listening.getsockname()) as client:
            accepted = accept(listening, socket.AF_INET, Accepted)
            with accepted:
                assert (accepted.family, accepted.type) == (socket.AF_INET, socket.SOCK_STREAM)
                assert accepted.peer == client.getsockname()
                client.sendall(b"x")
                assert accepted.recv(1) == b"x"
                with accepted.makefile("wb") as written:
                    written.write(b"y")
                assert client.recv(1) == b"y"
            assert accepted.fileno() == -1
            assert client.recv(1) == b""


def test_it_is_made_and_left_without_a_call_in_python() -> None:
    called: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.append(frame.f_code.co_name)

    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()),
    ):
        before = sys.getprofile()
        sys.setprofile(note)
        try:
            accepted = accept(listening, socket.AF_INET, Accepted)
            assert accepted.family in (socket.AF_INET, socket.AF_INET6)
            descriptor = accepted.detach()
        finally:
            sys.setprofile(before)
        os.close(descriptor)
    assert called == ["accept"]
