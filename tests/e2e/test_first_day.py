"""What a door does on the first day, with no option set: one route to one origin.

One test a row of the table that compares the defaults of five proxies; all are green here.
"""

import socket
import threading
import time

import pytest

from tests.e2e.conftest import Client, Connection, echo

ROUTE = '[routes]\n"*" = "127.0.0.1:{port}"\n'


@pytest.fixture
def echoing(door, origin, client):
    """A client before a door before an origin that says what it got."""
    started = origin(echo)
    return client(door(ROUTE.format(port=started.port)))


def _ask(client: Client, extra: bytes = b"", target: bytes = b"/", host: bytes = b"example.com"):
    client.send(b"GET %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (target, host, extra))
    status, _, body = client.read_answer()
    return status, body.lower()


def test_the_backend_sees_the_clients_host(echoing):
    assert b"host: example.com\r\n" in _ask(echoing)[1]


def test_a_forged_x_forwarded_for_is_replaced(echoing):
    _, body = _ask(echoing, b"X-Forwarded-For: 6.6.6.6\r\n")
    assert b"6.6.6.6" not in body
    assert b"x-forwarded-for: 127.0.0.1" in body


def test_x_forwarded_proto_and_host_are_added(echoing):
    _, body = _ask(echoing)
    assert b"x-forwarded-proto: http\r\n" in body
    assert b"x-forwarded-host: example.com\r\n" in body


def test_a_forged_x_real_ip_is_dropped(echoing):
    assert b"6.6.6.6" not in _ask(echoing, b"X-Real-IP: 6.6.6.6\r\n")[1]


def test_a_forged_forwarded_is_dropped(echoing):
    assert b"6.6.6.6" not in _ask(echoing, b"Forwarded: for=6.6.6.6\r\n")[1]


def test_an_underscore_alias_is_dropped(echoing):
    _, body = _ask(echoing, b"X_Forwarded_For: 6.6.6.6\r\nX_Own: 1\r\n")
    assert b"6.6.6.6" not in body
    assert b"x_own" not in body


def test_a_path_goes_out_as_it_came(echoing):
    assert b"get /a//b/../c%2fd http/1.1" in _ask(echoing, target=b"/a//b/../c%2Fd")[1]


def test_a_path_whose_readings_differ_in_route_is_refused(door, origin, client):
    one, two = origin(echo), origin(echo)
    config = f'[routes]\n"*/a/*" = "127.0.0.1:{one.port}"\n"*" = "127.0.0.1:{two.port}"\n'
    asking = client(door(config))
    assert _ask(asking, target=b"/a/b")[0] == 200
    assert _ask(asking, target=b"/a/../b")[0] == 400
    assert b"/b" not in two.received


def test_a_websocket_upgrade_is_answered_101(door, origin, client):
    def serve(connection: Connection) -> None:
        head = connection.read_head()
        assert b"upgrade: websocket" in head.lower()
        connection.send(
            b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
            b"Upgrade: websocket\r\n\r\nfirst"
        )
        connection.send(connection.read().upper())

    asking = client(door(ROUTE.format(port=origin(serve).port)))
    asking.send(
        b"GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive, Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Version: 13\r\n\r\n"
    )
    head = asking.read_head()
    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"upgrade: websocket" in head.lower()
    assert asking.read_bytes(5) == b"first"
    asking.send(b"hello")
    assert asking.read_bytes(5) == b"HELLO"


def test_response_trailers_are_passed_on(door, origin, client):
    def serve(connection: Connection) -> None:
        connection.read_head()
        connection.send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
            b"2\r\nhi\r\n0\r\nX-Sum: 42\r\n\r\n"
        )

    asking = client(door(ROUTE.format(port=origin(serve).port)))
    asking.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
    assert b"transfer-encoding: chunked" in asking.read_head()
    assert asking.read_until(b"\r\n\r\n") == b"2\r\nhi\r\n0\r\nx-sum: 42\r\n\r\n"


def test_early_hints_are_passed_on(door, origin, client):
    def serve(connection: Connection) -> None:
        connection.read_head()
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    asking = client(door(ROUTE.format(port=origin(serve).port)))
    asking.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
    hints = asking.read_head()
    assert hints.startswith(b"HTTP/1.1 103 ")
    assert b"link: </a.css>; rel=preload\r\n" in hints
    assert asking.read_answer()[2] == b"ok"


def test_an_upload_reaches_the_backend_while_it_still_arrives(door, origin, client):
    arrived = threading.Event()

    def serve(connection: Connection) -> None:
        connection.read_head()
        connection.read_bytes(5)
        arrived.set()
        connection.read_bytes(5)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    asking = client(door(ROUTE.format(port=origin(serve).port)))
    asking.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nfirst")
    assert arrived.wait(10)
    asking.send(b"later")
    assert asking.read_answer()[0] == 200


def test_content_length_with_transfer_encoding_is_400_and_the_end(door, origin, client):
    started = origin(echo)
    asking = client(door(ROUTE.format(port=started.port)))
    asking.send(
        b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"
        b"\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n"
    )
    rest = asking.read_rest()
    assert rest.startswith(b"HTTP/1.1 400 ")
    assert rest.count(b"HTTP/1.1 ") == 1
    assert started.received == b""


def test_each_event_leaves_at_once(door, origin, client):
    """Four events half a second apart would take two seconds; a twentieth shows the same."""
    sent: list[float] = []

    def serve(connection: Connection) -> None:
        connection.read_head()
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        for number in range(4):
            sent.append(time.monotonic())
            connection.send(b"9\r\ndata: %d\n\n\r\n" % number)
            time.sleep(0.1)
        connection.send(b"0\r\n\r\n")

    asking = client(door(ROUTE.format(port=origin(serve).port)))
    asking.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
    asking.read_head()
    for number in range(4):
        asking.read_until(b"data: %d\n\n\r\n" % number)
        # Before the next event was due: nothing waited for company.
        assert time.monotonic() - sent[number] < 0.09


def test_a_host_that_nobody_configured_is_404_and_logged_as_no_site(door, origin, client):
    started = door('[routes]\n"a.test" = "127.0.0.1:1"\n')
    status, body = _ask(client(started), host=b"b.test")
    assert status == 404
    assert b"127.0.0.1" not in body
    started.wait_until(lambda: "no-site" in started.log, "the log line")


def test_a_dead_backend_is_502_at_once_with_the_reason_in_log_and_field(door, client):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        started = door(ROUTE.format(port=port))
        asking = client(started)
        asking.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        status, head, body = asking.read_answer()
    assert status == 502
    assert b"proxy-status: porch; error=connection_refused" in head.lower()
    assert str(port).encode() not in body
    started.wait_until(lambda: "connection_refused" in started.log, "the log line")
