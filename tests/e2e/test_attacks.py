"""What attackers and bad luck tried on a real door, and what it does about it."""

import contextlib
import socket
import struct
import threading
import time

from tests.e2e.conftest import Connection, echo

ROUTE = '[routes]\n"*" = "127.0.0.1:{port}"\n'
GET = b"GET /%b HTTP/1.1\r\nHost: a.test\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL"


def test_bytes_that_came_behind_an_answer_are_not_the_next_one(door, origin, client):
    """They lie in the socket when the connection is wanted again: it is looked at before."""
    sent = threading.Event()

    def serve(connection: Connection) -> None:
        while True:
            head = connection.read_head()
            connection.send(OK)
            if b"/surplus" in head:
                connection.send(EVIL)
                sent.set()

    started = door(ROUTE.format(port=origin(serve).port))
    for _ in range(20):
        sent.clear()
        asking = client(started)
        assert asking.send(GET % b"surplus").read_answer()[2] == b"ok"
        assert sent.wait(10)
        assert asking.send(GET % b"next").read_answer()[2] == b"ok"


def test_a_post_on_a_connection_that_the_origin_has_closed_gets_a_new_one(door, origin, client):
    def serve(connection: Connection) -> None:
        connection.read_body(connection.read_head())
        connection.send(OK)  # and closes, without a word about it

    started = door(ROUTE.format(port=origin(serve).port))
    asking = client(started)
    for _ in range(20):
        asking.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi")
        assert asking.read_answer()[0] == 200
        time.sleep(0.002)  # the close is on its way


def test_a_client_that_closes_in_a_silent_stream_cancels_it(door, origin, client):
    gone = threading.Event()

    def serve(connection: Connection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        if connection.wait_closed():
            gone.set()

    asking = client(door(ROUTE.format(port=origin(serve).port)))
    asking.send(GET % b"events").read_until(b"data: 1\n\n")
    asking.close()
    assert gone.wait(3)


def test_an_early_refusal_of_a_large_upload_reaches_the_client(door, origin, client):
    """The origin answers, closes, and resets what still comes: its answer is read before."""

    def serve(connection: Connection) -> None:
        connection.read_head()
        connection.send(
            b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope"
        )

    started = door(ROUTE.format(port=origin(serve).port))
    statuses = []
    for _ in range(20):
        with started.connect() as connection, contextlib.suppress(OSError):
            connection.sendall(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n")
            with contextlib.suppress(OSError):
                for _ in range(9):
                    connection.sendall(b"u" * 100_000)
            statuses.append(connection.recv(65536)[9:12])
    assert statuses.count(b"413") >= 18, statuses  # a reset may still overtake the last write


def test_a_client_that_resets_while_the_door_waits_cancels_at_once(door, origin, client):
    gone = threading.Event()

    def serve(connection: Connection) -> None:
        connection.read_head()
        if connection.wait_closed():
            gone.set()

    asking = client(door(ROUTE.format(port=origin(serve).port)))
    asking.send(GET % b"slow")
    time.sleep(0.1)
    asking.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    asking.close()
    assert gone.wait(2)


def test_an_escaped_host_is_refused(door, origin, client):
    asking = client(door(ROUTE.format(port=origin(echo).port)))
    asking.send(b"GET / HTTP/1.1\r\nHost: %62.test\r\n\r\n")
    assert asking.read_rest().startswith(b"HTTP/1.1 400 ")


def test_a_parameter_in_a_path_leads_around_no_route(door, origin, client):
    port = origin(echo).port
    config = f'[routes]\n"*/adm/*" = "respond:403"\n"*" = "127.0.0.1:{port}"\n'
    started = door(config)
    for target in (b"x/..;/adm/x", b"adm;a/x", b"adm;/x"):
        assert client(started).send(GET % target).read_answer()[0] == 400
    assert client(started).send(GET % b"shop;jsessionid=1/x").read_answer()[0] == 200
