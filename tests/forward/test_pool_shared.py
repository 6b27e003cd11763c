"""The pool of an endpoint that may speak HTTP/2: which connection an exchange gets."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from h2.events import PingAckReceived

from porch.balance.endpoint import Endpoint
from porch.errors import ConnectTimeout, LeftBehind
from porch.forward.address import BOTH, TWO
from porch.forward.h1 import ClientConnection
from porch.forward.h2 import FURTHER, MOST_HELD_UP, WIDEST
from porch.forward.h2_stream import OriginStream
from porch.forward.pool import AHEAD, ASSUMED_STREAMS
from tests.support.dialer import FakeDialer
from tests.support.shared import Asking, Bench, request


def agreeing(monkeypatch: pytest.MonkeyPatch, chosen: str) -> Bench:
    bench = Bench(monkeypatch, BOTH, tls=True)
    bench.dialer.chosen = chosen
    bench.dialer.one = FakeDialer(bench._connect)
    return bench


def test_more_than_one_connection_takes_are_dialled_for_apart(bench: Bench) -> None:
    bench.dialer.set("hangs")
    for _ in range(ASSUMED_STREAMS + 1):
        bench.ask()
    assert bench.dialer.dials == 2


def test_what_an_endpoint_said_last_is_remembered(bench: Bench) -> None:
    bench.ask()
    bench.settle({3: 2})
    assert bench.pool.most_streams == 2
    bench.dialer.set("hangs")
    for _ in range(4):
        bench.ask()
    assert bench.dialer.dials == 3


def test_an_endpoint_that_takes_no_stream_is_no_connection_and_not_dialled_for_ever(
    bench: Bench,
) -> None:
    exchange = bench.ask()
    bench.settle({3: 0})
    second = bench.ask()
    assert (exchange.stream, second.stream) == (None, None)
    assert bench.dialer.dials == 1
    bench.pass_time(5.5)
    for each in (exchange, second):
        assert type(each.error) is ConnectTimeout
        assert each.error.detail.endswith("it takes no requests (MAX_CONCURRENT_STREAMS is 0)")
    assert bench.endpoint.out["refused"].text == "connection_timeout"
    bench.loop.settle()
    assert bench.transports[0].seen == "closed"
    assert bench.origins[0].requests == {}
    assert len(bench.deadlines) == 0


def test_it_is_there_when_the_endpoint_takes_some(bench: Bench) -> None:
    exchange = bench.ask()
    bench.settle({3: 0})
    bench.pass_time(2)
    bench.origins[0].say(("update_settings", ({3: 5},)))
    bench.sent(exchange)
    assert [*bench.origins[0].requests] == [1]


def test_what_had_not_left_when_it_takes_none_any_more_is_asked_elsewhere(bench: Bench) -> None:
    first = bench.ask()
    bench.settle()
    bench.sent(first)
    second = bench.ask()
    none = b"\0\0\6\4\0\0\0\0\0" + b"\0\3\0\0\0\0"

    def send() -> None:
        second.stream.send(request(), b"", True)
        bench.pool._shared[0].data_received(none)

    bench.loop.run(send)
    assert type(second.error) is LeftBehind
    assert first.error is None
    bench.origins[0].hear()
    assert [*bench.origins[0].requests] == [1]
    bench.origins[0].answer(1)
    assert first.said
    assert repr(bench.pool._shared[0]) == "<SharedConnection e 0 streams>"


def test_connections_are_filled_in_order(bench: Bench) -> None:
    bench.ask()
    bench.settle({3: 2})
    bench.ask()
    bench.ask()
    bench.settle({3: 2})
    first, second = bench.pool._shared
    assert (first.has_room, second.has_room) == (False, True)
    number = bench.sent(bench.ask())
    assert number == 1
    assert not second.has_room


def test_a_dial_ahead_is_there_for_who_comes(bench: Bench) -> None:
    place: Endpoint = bench.endpoint
    bench.loop.run(lambda: bench.pool.dial_ahead(place))
    bench.settle()
    exchange = bench.ask()
    assert exchange.stream is not None
    assert bench.dialer.dials == 1


def test_one_to_an_endpoint_that_says_nothing_ends(bench: Bench) -> None:
    bench.loop.run(lambda: bench.pool.dial_ahead(bench.endpoint))
    bench.pass_time(AHEAD + 0.5)
    bench.loop.settle()
    assert bench.endpoint.out["refused"].text == "connection_timeout"
    assert bench.transports[0].seen == "closed"


def test_an_endpoint_that_chose_http_1_1_is_dialled_for_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = agreeing(monkeypatch, "http/1.1")
    first = bench.ask()
    assert isinstance(first.stream, ClientConnection)
    bench.dialer.set("hangs")
    bench.ask()
    bench.ask()
    assert bench.dialer.dials == 3
    bench.close()


def test_one_that_learns_http_2_is_shared_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = agreeing(monkeypatch, "")
    bench.ask()
    bench.dialer.chosen = "h2"
    second = bench.ask()
    bench.settle()
    assert isinstance(second.stream, OriginStream)
    assert isinstance(bench.ask().stream, OriginStream)
    assert bench.dialer.dials == 2
    bench.close()


def test_one_that_wants_http_1_1_gets_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = agreeing(monkeypatch, "h2")
    bench.ask()
    bench.settle()
    assert bench.pool.speak_one()
    assert isinstance(bench.ask().stream, ClientConnection)
    assert bench.dialer.dials == 1
    bench.close()


def test_tunnels_take_it_and_the_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = agreeing(monkeypatch, "h2")
    bench.ask()
    bench.settle()
    assert bench.pool.tunnel_by_one()
    tunnel: Any = Asking(bench.endpoint)
    tunnel.request.upgrade = b"websocket"
    assert isinstance(bench.ask(tunnel).stream, ClientConnection)
    assert isinstance(bench.ask().stream, OriginStream)
    bench.close()


def test_where_only_http_2_may_be_spoken_there_is_no_other(bench: Bench) -> None:
    assert not bench.pool.speak_one()
    assert not bench.pool.tunnel_by_one()
    assert bench.dialer.protocols == TWO
    assert isinstance(_streamed(bench).stream, OriginStream)


def _streamed(bench: Bench) -> Asking:
    exchange = bench.ask()
    bench.settle()
    return exchange


def test_what_is_dialled_for_a_closed_pool_serves_who_waits(bench: Bench) -> None:
    exchange = bench.ask()
    bench.loop.run(bench.pool.close)
    origin = bench.settle()
    bench.sent(exchange)
    origin.answer(1, body=b"a")
    assert exchange.body == b"a"
    assert bench.transports[0].seen == "closed"
    assert len(bench.deadlines) == 0


# --- idle for a while ----------------------------------------------------------------------------


@pytest.fixture
def idle(bench: Bench) -> Iterator[socket.socket]:
    """The far end of the socket of a connection that has no stream."""
    near, far = socket.socketpair()
    with near, far:
        bench.descriptor = near.fileno()
        exchange = bench.ask()
        bench.settle()
        bench.sent(exchange)
        bench.origins[0].answer(1)
        yield far


def test_a_connection_that_the_origin_has_just_closed_gets_no_request(
    bench: Bench, idle: socket.socket
) -> None:
    idle.close()
    exchange = bench.ask()
    assert bench.dialer.dials == 2
    assert bench.transports[0].seen == "closed"
    bench.settle()
    bench.sent(exchange)
    assert [*bench.origins[1].requests] == [1]


def test_a_goodbye_on_the_way_is_heard_before_a_request_is_sent(
    bench: Bench, idle: socket.socket
) -> None:
    idle.send(b"\0\0\x08\x07\0\0\0\0\0" + bytes(8))
    bench.ask()
    assert bench.dialer.dials == 2


def test_what_else_came_meanwhile_is_heard_and_the_connection_used(
    bench: Bench, idle: socket.socket
) -> None:
    idle.send(b"\0\0\x08\x06\0\0\0\0\0" + b"pingpong")
    assert bench.ask().stream is not None
    bench.origins[0].hear()
    acknowledged = [each for each in bench.origins[0].events if isinstance(each, PingAckReceived)]
    assert [each.ping_data for each in acknowledged] == [b"pingpong"]


def test_a_connection_with_streams_is_not_asked(bench: Bench, idle: socket.socket) -> None:
    bench.ask()
    idle.close()
    assert bench.ask().stream is not None


# --- clients that take nothing -------------------------------------------------------------------


def asking(bench: Bench) -> Any:
    return Asking(bench.endpoint)


def stalled(bench: Bench, count: int) -> list[Asking]:
    """So many exchanges, each with a stream, whose clients take nothing then."""
    found = [bench.ask() for _ in range(count)]
    bench.settle()
    for each in found:
        bench.sent(each)
        bench.loop.run(each.stream.pause_reading)
    return found


def test_who_comes_behind_many_that_are_held_up_has_another_connection(bench: Bench) -> None:
    held = stalled(bench, MOST_HELD_UP)
    others = [bench.ask() for _ in range(20)]
    bench.settle()
    assert bench.dialer.dials == 2
    assert {each.stream._connection for each in others} == {bench.pool._shared[0]}
    assert repr(bench.pool) == "<Pool e 0 idle, 1 shared, 1 aside, 0 dialling>"
    bench.loop.run(held[0].stream.resume_reading)
    assert repr(bench.pool) == "<Pool e 0 idle, 2 shared, 0 dialling>"
    assert bench.ask().stream._connection is held[0].stream._connection


def test_what_is_let_through_beside_other_connections_is_less(bench: Bench) -> None:
    stalled(bench, MOST_HELD_UP)
    bench.ask()
    bench.settle()
    took = []
    for connection in (*bench.pool._aside, *bench.pool._shared):
        streams = [connection.open(asking(bench)) for _ in range(30)]
        for stream in streams:
            while more := connection.room_for(stream):
                connection.widen(stream, more)
        took.append(sum(stream.window for stream in streams))
    assert took[0] > 7 * WIDEST
    assert took[1] < took[0] / FURTHER + WIDEST


def test_one_fewer_share_it_with_all(bench: Bench) -> None:
    stalled(bench, MOST_HELD_UP - 1)
    bench.ask()
    assert bench.dialer.dials == 1


@pytest.mark.parametrize("word", ["client_full", "sips"])
def test_who_takes_as_little_goes_on_the_same(bench: Bench, word: str) -> None:
    held = stalled(bench, MOST_HELD_UP)
    exchange = Asking(bench.endpoint)
    setattr(exchange, word, True)
    assert bench.ask(exchange).stream._connection is held[0].stream._connection
    assert bench.dialer.dials == 1


def test_of_clients_that_take_nothing_many_share_each_connection(bench: Bench) -> None:
    """None is ever taken off: the most connections that they can have made."""
    bench.dialer.set("accepts")
    for number in range(10 * MOST_HELD_UP):
        exchange = bench.ask()
        if number % MOST_HELD_UP == 0:
            bench.settle()
        bench.sent(exchange)
        bench.loop.run(exchange.stream.pause_reading)
    assert bench.dialer.dials == 10


def test_streams_that_are_over_hold_up_nobody(bench: Bench) -> None:
    for each in stalled(bench, MOST_HELD_UP):
        bench.origins[0].answer(each.stream.number)
        bench.loop.run(each.stream.pause_reading)  # by what its client was sent before
    bench.ask()
    assert bench.dialer.dials == 1


def test_where_there_is_no_other_connection_the_one_that_is_there_will_do(bench: Bench) -> None:
    held = stalled(bench, MOST_HELD_UP)
    bench.dialer.set("refuses")
    exchange = bench.ask()
    assert exchange.stream._connection is held[0].stream._connection
    assert exchange.error is None
    assert not bench.endpoint.out


def test_nor_where_it_takes_too_long(bench: Bench) -> None:
    held = stalled(bench, MOST_HELD_UP)
    bench.dialer.set("hangs")
    exchange = bench.ask()
    bench.pass_time(4)
    assert exchange.stream is None
    bench.origins[0].hear()  # a PING
    bench.pass_time(1.5)
    assert exchange.stream._connection is held[0].stream._connection
    assert not bench.endpoint.out


def test_who_waits_for_another_has_this_one_when_clients_take_again(bench: Bench) -> None:
    held = stalled(bench, MOST_HELD_UP)
    bench.dialer.set("hangs")
    exchange = bench.ask()
    assert exchange.stream is None
    bench.loop.run(held[0].stream.resume_reading)
    assert exchange.stream._connection is bench.pool._shared[0]


def test_a_closed_pool_keeps_none_that_was_set_aside(bench: Bench) -> None:
    held = stalled(bench, MOST_HELD_UP)
    bench.loop.run(bench.pool.close)
    assert bench.pool.is_empty
    for each in held:
        bench.origins[0].answer(each.stream.number)
    bench.loop.settle()
    assert bench.transports[0].seen == "closed"
    assert bench.pool.is_empty
