"""porch.listen.accepting."""

import socket

import pytest

from porch.listen.accepting import Accepted, accept


def test_the_next_client_has_its_family_type_and_peer_without_a_look() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            accept(listening, socket.AF_INET, Accepted)
        with socket.create_connection(listening.getsockname()) as client:
            accepted = accept(listening, socket.AF_INET, Accepted)
            with accepted:
                assert accepted.family is socket.AF_INET
                assert accepted.type is socket.SOCK_STREAM
                assert accepted.peer == client.getsockname()
                client.sendall(b"x")
                assert accepted.recv(1) == b"x"
