"""ClientConnection alone: what it writes, and what of it can be seen from outside.

How it behaves inside exchanges is told in tests/scenario.
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from porch import clock
from porch.clock import Deadlines
from porch.errors import InternalError, PorchError, Shutdown
from porch.forward.h1 import FLUSH, LEAVE, ClientConnection
from porch.forward.pool import Pool
from porch.forward.sip import A_HEAD, Sip
from porch.http.h1 import HeadLimits
from porch.http.h1_encode import COPIED
from porch.http.message import RequestHead, Trailers
from tests.support.network import FakeClock, FakeLoop, FakeSocket, FakeTransport


class Bench:
    """One connection over a fake transport."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock(monkeypatch)
        self.loop = FakeLoop(self.clock)
        self.deadlines = Deadlines()
        dialer: Any = None
        self.pool = Pool("e", dialer, self.deadlines, HeadLimits(), 16)
        self.transport = FakeTransport(self.loop, {"socket": FakeSocket(-1)})
        self.connection = ClientConnection(self.pool, HeadLimits(), 16)
        self.loop.run(lambda: self.transport.connect(self.connection))

    def written(self) -> bytes:
        self.loop.settle()  # a whole request leaves at the end of the turn
        got = bytes(self.transport.arrived)
        self.transport.arrived.clear()
        return got


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(monkeypatch)
    yield made
    made.loop.close()


def head(length: int | None, **rest: Any) -> RequestHead:
    return RequestHead(b"PUT", b"/a", b"x", b"http", [(b"b", b"c")], length, **rest)


START = b"PUT /a HTTP/1.1\r\nhost: x\r\nb: c\r\n"


def test_head_and_first_data_leave_in_one_write(bench: Bench) -> None:
    bench.connection.send(head(4), b"ab", False)
    assert bench.transport.writes == 1
    bench.connection.send(None, b"cd", True)
    assert bench.written() == START + b"\r\nabcd"
    assert bench.transport.writes == 2


def test_a_body_of_unknown_length_is_chunked(bench: Bench) -> None:
    bench.connection.send(head(None), b"ab", False)
    bench.connection.send(None, b"c", False)
    bench.connection.send(None, b"d", True)
    chunks = b"2\r\nab\r\n1\r\nc\r\n1\r\nd\r\n0\r\n\r\n"
    assert bench.written() == START + b"transfer-encoding: chunked\r\n\r\n" + chunks
    assert bench.transport.writes == 3


def test_a_whole_chunked_message_is_one_write(bench: Bench) -> None:
    bench.connection.exchange = cast("Any", "somebody")
    bench.connection.send(head(None), b"ab", True)
    assert bench.written().endswith(b"\r\n\r\n2\r\nab\r\n0\r\n\r\n")
    assert bench.transport.writes == 1


def test_an_empty_piece_is_no_last_chunk(bench: Bench) -> None:
    bench.connection.send(head(None), b"", False)
    bench.written()
    bench.connection.send(None, b"", False)
    assert bench.written() == b""


def test_a_big_chunk_is_not_copied(bench: Bench) -> None:
    bench.connection.send(head(None), b"", False)
    bench.written()
    data = b"x" * (COPIED + 1)
    bench.connection.send(None, data, True)
    assert bench.written() == b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)


def test_trailers_end_a_chunked_body(bench: Bench) -> None:
    bench.connection.send(head(None), b"a", False)
    bench.connection.send(Trailers([(b"x-sum", b"1")]), b"b", True)
    assert bench.written().endswith(b"1\r\na\r\n1\r\nb\r\n0\r\nx-sum: 1\r\n\r\n")


def test_trailers_behind_a_body_of_known_length_have_no_place(bench: Bench) -> None:
    bench.connection.send(head(1), b"", False)
    bench.connection.send(Trailers([(b"x-sum", b"1")]), b"a", True)
    assert bench.written().endswith(b"\r\n\r\na")


@pytest.mark.parametrize(
    ("rest", "line"),
    [
        ({"expect": True}, b"expect: 100-continue\r\n"),
        ({"upgrade": b"websocket"}, b"connection: upgrade\r\nupgrade: websocket\r\n"),
    ],
)
def test_what_concerns_the_connection_is_written_by_it(
    bench: Bench, rest: dict[str, Any], line: bytes
) -> None:
    bench.connection.exchange = cast("Any", "somebody")
    bench.connection.send(head(0, **rest), b"", True)
    assert bench.written() == START + line + b"\r\n"


def test_reading_is_paused_and_resumed_once(bench: Bench) -> None:
    connection, transport = bench.connection, bench.transport
    connection.resume_reading()
    connection.pause_reading()
    connection.pause_reading()
    assert transport.paused
    connection.resume_reading()
    assert not transport.paused


def test_it_reads_in_sips_and_as_ever_again(bench: Bench) -> None:
    connection, transport = bench.connection, bench.transport
    connection.sip(True)
    assert isinstance(transport.protocol, Sip)
    assert len(transport.protocol.get_buffer(-1)) == A_HEAD
    assert not transport.paused
    connection.pause_reading()
    connection.sip(False)
    assert transport.protocol is connection
    assert transport.paused, "it stays as it was"
    connection.resume_reading()
    connection.close()
    connection.sip(True)
    assert transport.protocol is connection


def test_a_closed_connection_takes_nothing_more(bench: Bench) -> None:
    bench.connection.close()
    bench.connection.exchange = cast("Any", "somebody")
    bench.connection.send(head(0), b"", True)
    bench.connection.pause_reading()
    bench.connection.resume_reading()
    bench.connection.close()
    bench.loop.settle()
    assert bench.written() == b""
    assert bench.transport.seen == "closed"


def test_it_waits_in_deadlines_from_first_to_last(bench: Bench) -> None:
    assert len(bench.deadlines) == 1
    bench.connection.close()
    assert len(bench.deadlines) == 1, "a close that is not taken must end as well"
    assert bench.connection.deadline == clock.now + FLUSH
    bench.loop.settle()
    assert len(bench.deadlines) == 0


def test_a_close_that_is_not_taken_is_an_abort_in_the_end(bench: Bench) -> None:
    bench.transport.stalled = True
    bench.connection.send(head(9), b"abc", False)
    bench.connection.close()
    bench.loop.settle()
    assert bench.transport.seen == ""
    bench.clock.time += FLUSH + 1
    clock.tick()
    bench.loop.run(bench.deadlines.check)
    assert bench.transport.seen == "closed"
    assert bench.written() == b""


def test_an_abort_throws_away_what_is_written(bench: Bench) -> None:
    bench.transport.stalled = True
    bench.connection.send(head(9), b"abc", False)
    bench.connection.abort(InternalError())
    bench.loop.settle()
    assert bench.transport.seen == "closed"
    assert bench.written() == b""
    assert len(bench.deadlines) == 0


class Told:
    """An exchange whose tunnel is open, and that only listens."""

    answer_done = False

    def on_response(self, *piece: object) -> None: ...


def switched(bench: Bench, protocol: bytes) -> ClientConnection:
    """A connection that is a tunnel now."""
    connection: Any = bench.connection
    connection.exchange = Told()
    connection.send(head(0, upgrade=protocol), b"", True)
    answer = b"HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: %b\r\n\r\n" % protocol
    bench.loop.run(lambda: bench.transport.feed(answer))
    bench.written()
    return bench.connection


def test_the_origin_of_a_websocket_is_told_and_may_close_first(bench: Bench) -> None:
    connection = switched(bench, b"websocket")
    connection.send(None, b"\x81\x80keys", False)
    connection.pause_reading()
    connection.abort(Shutdown())
    bench.loop.settle()
    assert bench.written()[:8] == b"\x81\x80keys\x88\x90"
    assert (bench.transport.seen, bench.transport.paused) == ("", False)
    bench.loop.run(bench.transport.feed_eof)
    assert bench.transport.seen == "closed"
    assert len(bench.deadlines) == 0


@pytest.mark.parametrize("stalled", [False, True])
def test_an_origin_that_was_told_and_does_not_close_is_closed(bench: Bench, stalled: bool) -> None:
    connection = switched(bench, b"websocket")
    bench.transport.stalled = stalled
    connection.abort(Shutdown())
    for patience, seen in ((LEAVE, "" if stalled else "closed"), (FLUSH, "closed")):
        bench.clock.time += patience + 1
        clock.tick()
        bench.loop.run(bench.deadlines.check)
        assert bench.transport.seen == seen
    assert len(bench.deadlines) == 0


@pytest.mark.parametrize(
    ("protocol", "data", "end", "error"),
    [
        (b"websocket", b"\x81", False, Shutdown()),
        (b"websocket", b"", True, Shutdown()),
        (b"websocket", b"", False, InternalError()),
        (b"tea", b"", False, Shutdown()),
    ],
)
def test_an_origin_is_told_only_between_frames_of_a_websocket_that_the_door_ends(
    bench: Bench, protocol: bytes, data: bytes, end: bool, error: PorchError
) -> None:
    connection = switched(bench, protocol)
    connection.send(None, data, end)
    connection.abort(error)
    bench.loop.settle()
    assert bench.written() == data
    assert bench.transport.seen == "closed"


def test_it_says_what_it_is_doing(bench: Bench) -> None:
    connection: Any = bench.connection
    assert repr(connection) == "<ClientConnection e idle>"
    connection.exchange = object()
    connection.reused = True
    assert repr(connection) == "<ClientConnection e busy reused>"
    connection.close()
    assert repr(connection) == "<ClientConnection e closed reused>"


@pytest.mark.parametrize(("reused", "told"), [(True, ["stale"]), (False, ["lost"])])
def test_a_request_that_is_turned_away_goes_on_but_not_for_ever_where_each_new_one_speaks_first(
    bench: Bench, reused: bool, told: list[str]
) -> None:
    heard: list[str] = []
    exchange: Any = SimpleNamespace(
        on_stale=lambda: heard.append("stale"),
        on_upstream_lost=lambda error: heard.append("lost"),
    )
    bench.connection.exchange = exchange
    bench.connection.reused = reused

    def turn() -> None:
        bench.connection.send(head(0), b"", True)
        bench.transport.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    bench.loop.run(turn)
    assert heard == told
    assert bench.written() == b""
    assert bench.connection.closed
