"""Load must see what a bad door does: else "0 failed" says nothing."""

import socket
import struct
import threading

import pytest

from tests.e2e.conftest import Connection
from tests.support.echo import EchoOrigin
from tests.support.load import Load

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TOLD = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"


def _reset(connection: Connection) -> None:
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.socket.close()


def _answer_all(connection: Connection) -> None:
    while True:
        connection.read_head()
        connection.send(OK)


def test_a_good_door_fails_nobody():
    with EchoOrigin(b"good") as good, Load(good.port, idle=5, sockets=5, every=0.05) as load:
        load.answers(40)
        tally = load.finish()
    assert tally.harm == []
    assert (tally.idle, tally.sockets) == (5, 5)
    assert tally.bodies == {b"good": tally.answered}
    assert 0 < tally.percentile(0.5) <= tally.percentile(1) < 5


@pytest.mark.parametrize(
    ("sent", "is_reset", "what"),
    [
        (b"", False, "closed before an answer"),
        (b"", True, "reset before an answer"),
        (OK[:-1], False, "closed in the middle of an answer"),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", False, "status 502"),
    ],
)
def test_a_request_without_its_answer_is_a_failure(origin, sent, is_reset, what):
    failing = threading.Event()

    def serve(connection: Connection) -> None:
        while True:
            connection.read_head()
            if failing.is_set():
                break
            connection.send(OK)
        failing.clear()
        connection.send(sent)
        if is_reset:
            _reset(connection)

    with Load(origin(serve).port, callers=4) as load:
        load.answers(4)
        failing.set()
        load.answers(20)
        tally = load.finish()
    assert [loss.what for loss in tally.failed] == [what]
    assert {loss.port for loss in tally.failed}.isdisjoint(load.ports)


def test_a_connection_closed_between_two_requests_is_told_from_one_announced(origin):
    behaviours = [b"", OK, TOLD]

    def serve(connection: Connection) -> None:
        if behaviours and (last := behaviours.pop()):
            connection.read_head()
            connection.send(last)
        else:
            _answer_all(connection)

    with Load(origin(serve).port, callers=2, rate=40) as load:
        load.answers(10)
        tally = load.finish()
    assert not tally.failed
    assert [loss.what for loss in tally.closed] == ["closed"]
    assert len(tally.told) == 1


@pytest.mark.parametrize(
    ("sent", "what"), [(b"", "cut"), (b"\x88\x02\x03\xe9", "close 1001")], ids=["cut", "closed"]
)
def test_idle_connections_and_websockets_that_end_are_missed(origin, sent, what):
    ending = threading.Event()

    def serve(connection: Connection) -> None:
        is_socket = b"upgrade" in connection.read_head().lower()
        connection.send(SWITCHED if is_socket else OK)
        ending.wait(10)
        if is_socket:
            connection.read()
            connection.send(sent)

    with Load(origin(serve).port, callers=0, idle=2, sockets=1, every=9) as load:
        ending.set()
        load.wait(lambda tally: len(tally.lost) >= 3)
    kinds = {loss.what for loss in load.tally.lost}
    assert what in kinds
    assert "closed" in kinds


def test_a_door_that_refuses_is_seen(origin):
    door = origin(_answer_all)
    with Load(door.port, callers=3) as load:
        load.answers(3)
        door.close()
        load.wait(lambda tally: any(loss.port == 0 for loss in tally.failed))
        tally = load.finish()
    assert tally.failed[-1].what == "cannot connect: Connection refused"
    assert "cannot connect: Connection refused" in str(tally)
