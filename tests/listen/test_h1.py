"""ServerConnection alone: who the client is, what is written, what can be seen from outside.

How it behaves inside exchanges is told in tests/scenario.
"""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from porch import clock
from porch.clock import INFINITY, Deadlines
from porch.errors import ClientGone, PorchError
from porch.exchange import Exchange
from porch.http.h1_encode import COPIED
from porch.http.message import RequestHead, ResponseHead, Trailers
from porch.listen.door import Door
from porch.listen.h1 import ServerConnection
from tests.listen.test_door import Settings
from tests.support.network import FakeClock, FakeLoop, FakeSocket, FakeTransport


class Held:
    """An exchange that is never over by itself."""

    request_done = True
    upgraded = False
    response = None

    def __init__(self, client: ServerConnection) -> None:
        self.client = client
        self.told: list[str] = []

    def on_request(self, data: bytes, end: bool) -> None:
        self.told.append("request")

    def on_client_lost(self) -> None:
        self.told.append("lost")

    def on_client_full(self) -> None:
        self.told.append("full")

    def on_client_drained(self) -> None:
        self.told.append("drained")

    def on_request_data(self, head: Trailers | None, data: bytes, end: bool) -> None:
        self.told.append("data")

    def fail(self, error: PorchError) -> None:
        self.told.append(error.word)
        self.client.abort(error)
        self.client.finish(self.request_done)


class HeldDoor(Door):
    """Opens one kind of exchange."""

    asked = b""

    def open(self, client: Any, request: RequestHead) -> Exchange:
        self.held = Held(client)
        self.asked += request.target
        return cast("Exchange", self.held)


class Bench:
    """One connection over a fake transport."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        FakeClock(monkeypatch)
        self.loop = FakeLoop(FakeClock(monkeypatch))
        self.door = HeldDoor(Settings(), Deadlines())

    def connect(self, peername: object = ("192.0.2.7", 5), tls: bool = False) -> ServerConnection:
        extra = {"peername": peername, "sockname": ("192.0.2.1", 8443)}
        self.transport = FakeTransport(self.loop, {**extra, "socket": FakeSocket(-1)}, tls)
        connection = ServerConnection(self.door, b"https" if tls else b"http", b"8443")
        self.loop.run(lambda: self.transport.connect(connection))
        return connection

    def asked(self, request: bytes = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n") -> ServerConnection:
        """A connection with an exchange that runs."""
        connection = self.connect()
        self.loop.run(lambda: self.transport.feed(request))
        return connection

    def written(self) -> bytes:
        got = bytes(self.transport.arrived)
        self.transport.arrived.clear()
        return got


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(monkeypatch)
    yield made
    made.loop.close()


@pytest.mark.parametrize(
    ("peername", "peer"), [(("192.0.2.7", 5), b"192.0.2.7"), (b"", b"unix"), (None, b"unix")]
)
def test_the_client_is_known_by_its_address_and_the_listeners_port(
    bench: Bench, peername: object, peer: bytes
) -> None:
    connection = bench.connect(peername)
    assert (connection.peer, connection.port) == (peer, b"8443")


def test_it_is_one_of_the_doors_sessions_until_it_is_lost(bench: Bench) -> None:
    connection = bench.connect()
    assert bench.door.sessions == {connection}
    assert len(bench.door.deadlines) == 1
    assert connection.deadline == clock.now + 75
    bench.loop.run(bench.transport.reset)
    assert bench.door.sessions == set()
    assert len(bench.door.deadlines) == 0


def test_while_an_exchange_runs_only_the_exchange_has_a_deadline(bench: Bench) -> None:
    assert bench.asked().deadline == INFINITY


def answer(length: int | None, status: int = 200) -> ResponseHead:
    return ResponseHead(status, [(b"a", b"b")], length)


START = b"HTTP/1.1 200 OK\r\na: b\r\n"


def test_head_and_data_leave_in_one_write(bench: Bench) -> None:
    connection = bench.asked()
    connection.send(answer(2), b"hi", True)
    assert bench.written() == START + b"\r\nhi"
    assert bench.transport.writes == 1


def test_a_body_of_unknown_length_is_chunked(bench: Bench) -> None:
    connection = bench.asked()
    connection.send(answer(None), b"ab", False)
    connection.send(None, b"", False)
    connection.send(None, b"c", False)
    connection.send(Trailers([(b"x-sum", b"1")]), b"d", True)
    head = START + b"transfer-encoding: chunked\r\n\r\n2\r\nab\r\n"
    assert bench.written() == head + b"1\r\nc\r\n1\r\nd\r\n0\r\nx-sum: 1\r\n\r\n"


def test_a_body_whose_end_is_there_has_a_length(bench: Bench) -> None:
    connection = bench.asked()
    connection.send(answer(None), b"ab", True)
    assert bench.written() == START + b"content-length: 2\r\n\r\nab"


def test_a_big_chunk_is_not_copied(bench: Bench) -> None:
    connection = bench.asked()
    connection.send(answer(None), b"", False)
    bench.written()
    data = b"x" * (COPIED + 1)
    connection.send(None, data, True)
    assert bench.written() == b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)


@pytest.mark.parametrize("status", [204, 304])
def test_these_have_no_body_whatever_comes(bench: Bench, status: int) -> None:
    connection = bench.asked()
    connection.send(answer(None, status), b"ab", False)
    connection.send(None, b"c", True)
    assert bench.written().endswith(b"\r\na: b\r\n\r\n")


def test_head_gets_no_body_whatever_comes(bench: Bench) -> None:
    connection = bench.asked(b"HEAD / HTTP/1.1\r\nhost: x\r\n\r\n")
    connection.send(answer(5), b"ab", False)
    connection.send(None, b"cde", True)
    assert bench.written() == START + b"\r\n"


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n", b"connection: close\r\n"),
        (b"GET / HTTP/1.0\r\n\r\n", b"connection: close\r\n"),
        (b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", b"connection: keep-alive\r\n"),
    ],
)
def test_the_client_is_told_what_becomes_of_the_connection(
    bench: Bench, request_: bytes, line: bytes
) -> None:
    bench.asked(request_).send(answer(0), b"", True)
    assert bench.written() == START + line + b"\r\n"


def test_the_exchange_hears_of_the_client(bench: Bench) -> None:
    connection = bench.asked()
    connection.pause_writing()
    connection.resume_writing()
    bench.loop.run(bench.transport.reset)
    assert bench.door.held.told == ["request", "full", "drained", "lost"]


def test_after_the_connection_is_lost_nothing_is_written(bench: Bench) -> None:
    connection = bench.asked()
    bench.loop.run(bench.transport.reset)
    connection.send(answer(0), b"", True)
    connection.pause_reading()
    connection.resume_reading()
    assert bench.written() == b""


UPGRADE = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"


def switched(bench: Bench) -> ServerConnection:
    """A connection that is a WebSocket's tunnel now."""
    connection = bench.asked(UPGRADE)
    bench.door.held.upgraded = True
    bench.door.held.request_done = False
    connection.send(ResponseHead(101, [], upgrade=b"websocket"), b"", False)
    bench.written()
    return connection


def test_a_websocket_is_told_to_come_back_and_closes_when_it_agrees(bench: Bench) -> None:
    connection = switched(bench)
    connection.send(None, b"\x81\x02hi", False)
    connection.pause_reading()
    bench.loop.run(bench.door.close_now)
    assert bench.written() == b"\x81\x02hi\x88\x10\x03\xf4proxy_shutdown"
    (left,) = bench.door.sessions
    assert repr(left) == "<Closing waits for a Close frame>"
    bench.loop.run(lambda: bench.transport.feed(b"\x81\x80keys\x88"))
    assert bench.transport.seen == ""
    bench.loop.run(lambda: bench.transport.feed(b"\x80keys"))
    assert bench.transport.seen == "closed"
    assert bench.door.held.told == ["request", "proxy_shutdown"]
    assert bench.door.sessions == set()


def test_inside_a_frame_a_websocket_is_reset(bench: Bench) -> None:
    connection = switched(bench)
    connection.send(None, b"\x81\x02h", False)
    bench.loop.run(bench.door.close_now)
    assert bench.written() == b"\x81\x02h"
    assert bench.transport.seen == "reset"


def test_it_says_what_it_is_doing(bench: Bench) -> None:
    assert repr(bench.connect()) == "<ServerConnection 192.0.2.7 idle>"
    connection = bench.asked()
    assert repr(connection) == "<ServerConnection 192.0.2.7 answering>"
    bench.loop.run(bench.transport.reset)
    assert repr(connection) == "<ServerConnection 192.0.2.7 closed>"
    half = bench.asked(b"GET /")
    assert repr(half) == "<ServerConnection 192.0.2.7 request>"
    assert repr(switched(bench)) == "<ServerConnection 192.0.2.7 tunnel>"


# --- where a door is full, and who is slow ------------------------------------------------------


def test_between_requests_it_is_idle_and_may_have_to_go(bench: Bench) -> None:
    connection = bench.connect()
    assert connection.idle_since() == clock.now
    bench.loop.run(connection.shed)
    assert bench.transport.seen == "closed"


def test_while_a_head_comes_or_an_exchange_runs_it_is_not_idle(bench: Bench) -> None:
    connection = bench.connect()
    bench.loop.run(lambda: bench.transport.feed(b"GET / HT"))
    assert connection.idle_since() == INFINITY
    assert bench.asked().idle_since() == INFINITY


def test_who_takes_too_little_has_its_exchange_ended_by_that_error(bench: Bench) -> None:
    connection = bench.asked()
    bench.loop.run(lambda: connection.give_up(ClientGone("too slow")))
    assert bench.door.held.told[-1] == ClientGone.word
    assert bench.transport.seen == "reset"
    idle = bench.connect()
    bench.loop.run(lambda: idle.give_up(ClientGone("too slow")))
    assert bench.transport.seen == "reset"


def test_its_reading_can_be_asked_for(bench: Bench) -> None:
    connection = bench.asked()
    assert connection.is_read()
    connection.pause_reading()
    assert not connection.is_read()


def test_a_request_that_comes_again_keeps_its_place_behind_what_came_before(bench: Bench) -> None:
    one, two = (b"GET /%d HTTP/1.1\r\nhost: x\r\n\r\n" % each for each in (1, 2))
    connection = bench.asked(one)

    def answered(*more: bytes) -> None:
        """The answer leaves, and then this comes before the loop has turned."""
        connection.send(ResponseHead(200, [], 0), b"", True)
        connection.finish(True)
        for each in more:
            bench.transport.feed(each)

    for _ in range(3):
        bench.loop.run(lambda: answered(one))
    assert bench.door.asked == b"/1/1/1/1"
    bench.loop.run(lambda: bench.transport.feed(two + one))  # behind the one that runs
    bench.loop.run(lambda: answered(one, two))
    for _ in range(3):
        bench.loop.run(answered)
    assert bench.door.asked == b"/1/1/1/1/2/1/1/2"
    assert bench.written().count(b"HTTP/1.1 200 OK\r\n") == 7
