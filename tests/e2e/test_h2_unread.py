"""A client that reads none of its answers, and others whose requests share connections with its."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from porch.forward.h2 import MOST_HELD_UP
from porch.http.h2_client import ORIGIN_STREAM_WINDOW
from tests.e2e.conftest import Door
from tests.support.h2_server import H2Peer, H2Server
from tests.support.h2_socket import H2Socket

Start = Callable[..., Door]

MB = bytes(range(256)) * 4096
UNREAD = 100
"""Answers that one client asks for and does not read."""
SOON = 5.0


@pytest.fixture
def clients() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


def before(door: Start, port: int) -> Door:
    """A door with one worker before an origin that speaks HTTP/2."""
    return door(
        f'listen = ["127.0.0.1:0"]\nh2c = true\nworkers = 1\nlog = false\n'
        f'[routes]\n"*" = "h2c://127.0.0.1:{port}"\n'
    )


def unread(clients: contextlib.ExitStack, port: int) -> H2Socket:
    """A client that asks for much and takes nothing. By then it stands still."""
    client = clients.enter_context(H2Socket(port, stream_window=65535, window=65535))
    client.takes = False
    for _ in range(UNREAD):
        client.opens(b"/mb")
    client.flush()
    time.sleep(0.3)
    return client


def test_who_reads_has_its_answer_beside_any_number_that_others_do_not_read(
    door: Start, clients: contextlib.ExitStack, tmp_path: Path
) -> None:
    """The origin is a door too: it holds so much for one connection, whoever shares it."""
    (tmp_path / "mb").write_bytes(MB)
    origin = door(
        f'listen = ["127.0.0.1:0"]\nh2c = true\nworkers = 1\nlog = false\n'
        f'[routes]\n"*" = "file:{tmp_path}"\n'
    )
    made = before(door, origin.port)
    reading = clients.enter_context(H2Socket(made.port))
    assert reading.answered(reading.asks(b"/mb")).body == MB
    for number in range(8):
        unread(clients, made.port)
        for path, body in ((b"/mb", MB), (b"/none", None)):
            began = time.monotonic()
            answer = reading.answered(reading.asks(path))
            assert body is None or answer.body == body
            assert time.monotonic() - began < SOON, f"beside {UNREAD * (number + 1)}: {path!r}"


def test_others_have_connections_without_those_that_are_not_read(
    door: Start, clients: contextlib.ExitStack, h2_server: Callable[..., H2Server]
) -> None:
    """The origin serves nobody on a connection of which much stands still."""
    standing: dict[H2Peer, int] = {}

    def answer(peer: H2Peer, stream: int) -> None:
        if peer.heads[stream][b":path"] == b"/mb":
            standing[peer] = standing.get(peer, 0) + 1
            peer.h2.send_headers(stream, [(b":status", b"200")])
            for at in range(0, ORIGIN_STREAM_WINDOW, 1 << 12):
                peer.h2.send_data(stream, MB[at : at + (1 << 12)])
            peer.flush()
        elif standing.get(peer, 0) <= MOST_HELD_UP:
            peer.answer(stream, body=b"hello")

    origin = h2_server(answer)
    made = before(door, origin.port)
    reading = clients.enter_context(H2Socket(made.port))
    for number in range(3):
        unread(clients, made.port)
        began = time.monotonic()
        assert reading.answered(reading.asks(b"/")).body == b"hello"
        assert time.monotonic() - began < SOON
        assert len(origin.peers) == number + 2
    unread(clients, made.port)
    assert len(origin.peers) == 4, "who reads nothing makes no more than one"
