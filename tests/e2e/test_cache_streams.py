"""Answers that trickle, through the cache: each piece reaches each client when it comes."""

import re
import socket
import time
from collections.abc import Callable

import pytest

from tests.e2e.conftest import Client, Connection, Door, Origin
from tests.support.crowd import Crowd

Start = Callable[..., Door]
Scripted = Callable[[Callable[[Connection], None]], Origin]

GET = b"GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


def started(door: Start, port: int, words: str = "", workers: int = 1) -> Door:
    return door(
        f"log = false\nworkers = {workers}\ncache = true\n{words}"
        f'[routes]\n"*" = "127.0.0.1:{port}"\n'
    )


def trickle(control: bytes, sent: list[float], pieces: int = 20) -> Callable[[Connection], None]:
    def serve(connection: Connection) -> None:
        while True:
            connection.read_head()
            connection.send(b"HTTP/1.1 200 OK\r\nCache-Control: %b\r\n" % control + CHUNKED)
            for _ in range(pieces):
                time.sleep(0.05)
                sent.append(time.monotonic())
                connection.send(b"4\r\nabcd\r\n")
            time.sleep(0.05)
            connection.send(b"0\r\n\r\n")

    return serve


@pytest.mark.parametrize("control", [b"max-age=60", b"no-store"])
def test_each_piece_reaches_the_client_at_once(
    door: Start, origin: Scripted, control: bytes
) -> None:
    sent: list[float] = []
    running = started(door, origin(trickle(control, sent)).port)
    (got,) = Crowd(running.port, 1, lambda _: GET).run()
    assert got.is_whole
    late = sorted(at - when for at, when in zip(got.pieces, sent, strict=True))
    assert late[len(late) // 2] < 0.005
    assert late[-1] < 0.05, "the machine has other things to do"


def test_events_that_nobody_reads_are_not_read_from_the_origin(
    door: Start, origin: Scripted
) -> None:
    count = [0]

    def serve(connection: Connection) -> None:
        connection.read_head()
        connection.send(
            b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Type: text/event-stream\r\n"
            + CHUNKED
        )
        while True:
            connection.send(b"2710\r\n" + bytes(10000) + b"\r\n")
            count[0] += 10000

    running = started(door, origin(serve).port)
    client = socket.create_connection(("127.0.0.1", running.port))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.sendall(GET)
    assert client.recv(15) == b"HTTP/1.1 200 OK"
    before = -1
    while count[0] != before:
        before = count[0]
        time.sleep(0.7)
    assert before < 30 << 20, "the systems' buffers, and a window of the door"
    for _ in range(300):
        client.recv(1 << 16)
    running.wait_until(lambda: count[0] > before, "further events")
    client.close()
    running.wait_until(
        lambda: not re.search(r"'running': [1-9-]", str(running.ask("status"))), "the end"
    )


def test_early_hints_reach_whose_request_was_sent(door: Start, origin: Scripted) -> None:
    asked = []

    def serve(connection: Connection) -> None:
        asked.append(connection.read_head())
        time.sleep(0.5)
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n")
        time.sleep(0.5)
        connection.send(
            b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nhi"
        )

    running = started(door, origin(serve).port)
    clients = [Client(running).send(GET) for _ in range(10)]
    heads = [each.read_head() for each in clients]
    hinted = [head for head in heads if head.startswith(b"HTTP/1.1 103 ")]
    assert len(hinted) == 1
    for each, head in zip(clients, heads, strict=True):
        if head in hinted:
            assert each.read_answer()[2] == b"hi"
        else:
            assert head.startswith(b"HTTP/1.1 200 ")
            assert each.read_bytes(2) == b"hi"
        each.close()
    assert len(asked) == 1


def test_a_client_that_reads_slowly_holds_up_nobody(door: Start, origin: Scripted) -> None:
    size = 20_000_000

    def serve(connection: Connection) -> None:
        connection.read_head()
        time.sleep(0.5)
        connection.send(
            b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: %d\r\n\r\n" % size
        )
        for _ in range(20):
            connection.send(bytes(size // 20))

    running = started(door, origin(serve).port)
    slow = socket.create_connection(("127.0.0.1", running.port))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    slow.sendall(GET)
    gots = Crowd(running.port, 5, lambda _: GET, keeps=False).run()
    assert all(got.is_whole for got in gots)
    slow.settimeout(20)
    count, head = 0, b""
    while b"\r\n\r\n" not in head:
        head += slow.recv(1000)
    count = len(head.partition(b"\r\n\r\n")[2])
    while count < size:
        data = slow.recv(1 << 18)
        assert data
        count += len(data)
    slow.close()


def test_trailers_pass_with_what_is_not_stored(door: Start, origin: Scripted) -> None:
    def serve(connection: Connection) -> None:
        while True:
            connection.read_head()
            connection.send(b"HTTP/1.1 200 OK\r\nCache-Control: no-store\r\n" + CHUNKED)
            connection.send(b"2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n")

    running = started(door, origin(serve).port)
    for _ in range(2):
        client = Client(running).send(GET)
        assert b"x-sum: 7" in client.read_until(b"\r\n0\r\n") + client.read_until(b"\r\n\r\n")
        client.close()


def test_threads_of_followers_all_get_a_large_body_whole(door: Start, origin: Scripted) -> None:
    """Of unknown length, in both workers, while it comes."""
    body = bytes(range(256)) * 20_000
    asked = []

    def serve(connection: Connection) -> None:
        asked.append(connection.read_head())
        connection.send(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n" + CHUNKED)
        for first in range(0, len(body), 500_000):
            piece = body[first : first + 500_000]
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            time.sleep(0.1)
        connection.send(b"0\r\n\r\n")

    running = started(door, origin(serve).port, workers=2)
    gots = Crowd(running.port, 30, lambda _: GET).run()
    assert all(got.is_whole and got.body == body for got in gots)
    assert len(asked) == 1
    assert max(got.first for got in gots) < min(got.ended for got in gots), "while it came"
    (got,) = Crowd(running.port, 1, lambda _: GET).run()
    assert got.body == body
