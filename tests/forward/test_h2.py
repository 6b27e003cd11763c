"""SharedConnection alone: writes, windows, silence and ends. Exchanges: tests/scenario."""

from typing import Any

import pytest

from porch import clock
from porch.errors import BadGateway, ConnectFailed, ConnectionLost, EndpointSilent
from porch.forward.h2 import (
    FAR,
    FEW,
    FLUSH,
    GROWTH,
    MOST_OF_ONE,
    MOST_STREAMS,
    PATIENCE,
    QUIET,
    SELDOM,
    WIDEST,
    WIDEST_FAR,
    SharedConnection,
)
from porch.http.h2_client import ORIGIN_STREAM_WINDOW, ORIGIN_WINDOW
from tests.support.h2_origin import H2Origin
from tests.support.shared import Asking, Bench, request


def shared(bench: Bench) -> SharedConnection:
    (found,) = bench.pool._shared
    return found


def opened(bench: Bench, count: int = 1, settings: dict[int, int] | None = None) -> list[Asking]:
    """Exchanges whose requests were sent over one connection."""
    asking = [bench.ask()]
    bench.settle(settings)
    asking += [bench.ask() for _ in range(count - 1)]
    for each in asking:
        bench.sent(each)
    return asking


def pings(bench: Bench) -> int:
    bench.origins[0].hear()
    return sum(type(each).__name__ == "PingReceived" for each in bench.origins[0].events)


def test_it_is_there_when_the_origin_has_said_its_settings(bench: Bench) -> None:
    exchange = bench.ask()
    assert repr(bench.pool) == "<Pool e 0 idle, 1 dialling>"
    bench.settle()
    assert exchange.stream is not None
    assert repr(bench.pool) == "<Pool e 0 idle, 1 shared, 0 dialling>"
    assert repr(shared(bench)) == "<SharedConnection e 1 streams>"


def test_what_streams_say_in_one_turn_leaves_in_one_write(bench: Bench) -> None:
    exchanges = opened(bench, 8)
    transport = bench.transports[0]
    before = transport.writes

    def send() -> None:
        for each in [bench.ask_now() for _ in exchanges]:
            each.stream.send(request(None), b"abc", True)

    bench.loop.run(send)
    assert transport.writes == before + 1
    bench.origins[0].hear()
    assert [asked.body for asked in bench.origins[0].requests.values()][8:] == [b"abc"] * 8


def test_an_exchange_costs_no_task_and_one_callback(bench: Bench) -> None:
    opened(bench)
    exchange = bench.ask_now()
    bench.loop.counts.clear()
    bench.sent(exchange)
    bench.origins[0].answer(exchange.stream.number, body=b"a")
    assert exchange.body == b"a"
    assert bench.loop.counts == {"call_soon": 1}


def test_there_is_room_for_what_the_origin_takes_and_no_more(bench: Bench) -> None:
    opened(bench, 3, {3: 3})
    assert not shared(bench).has_room
    bench.origins[0].answer(1)
    assert shared(bench).has_room


@pytest.mark.parametrize("told", [1 << 31, 1000])
def test_of_many_streams_a_connection_has_so_many(bench: Bench, told: int) -> None:
    opened(bench, 1, {3: told})
    connection = shared(bench)
    for _ in range(MOST_STREAMS - 1):
        assert connection.has_room
        bench.ask_now()
    assert not connection.has_room


def test_streams_that_nobody_reads_leave_room_in_the_window(bench: Bench) -> None:
    assert MOST_STREAMS * ORIGIN_STREAM_WINDOW < ORIGIN_WINDOW
    *exchanges, other = opened(bench, 101)
    origin = bench.origins[0]
    for each in exchanges:
        bench.loop.run(each.stream.pause_reading)
        origin.answer(each.stream.number, body=b"x" * ORIGIN_STREAM_WINDOW, end=False)
    origin.answer(other.stream.number, body=b"y" * ORIGIN_STREAM_WINDOW)
    assert len(other.body) == ORIGIN_STREAM_WINDOW


def test_what_grew_and_is_read_by_nobody_leaves_room_beside_what_is_taken(bench: Bench) -> None:
    """The library tells of what was taken when it is half of a window: till then that is missing
    too."""
    exchanges = opened(bench, 12)
    origin = bench.origins[0]
    *stalled, reading, other = exchanges
    for each in exchanges:
        origin.answer(each.stream.number, end=False)
    for each in stalled:  # as wide as they get, and then full
        for _ in range(4):
            origin.more(each.stream.number, b"x" * room(origin, each))
        bench.loop.run(each.stream.pause_reading)
    for each in stalled:
        while room(origin, each):
            origin.more(each.stream.number, b"x" * room(origin, each))
    assert shared(bench)._spare < ORIGIN_WINDOW // 8
    for _ in range((8 << 20) // reading.stream.window):
        assert room(origin, reading) >= ORIGIN_STREAM_WINDOW // 2
        origin.more(reading.stream.number, b"y" * room(origin, reading))
        assert room(origin, other) == ORIGIN_STREAM_WINDOW
    origin.more(other.stream.number, b"z" * ORIGIN_STREAM_WINDOW, end=True)
    assert len(other.body) == ORIGIN_STREAM_WINDOW


def room(origin: H2Origin, exchange: Asking) -> int:
    return origin.h2.local_flow_control_window(exchange.stream.number)


@pytest.mark.parametrize(("seconds", "widest"), [(0.001, WIDEST), (FAR, WIDEST_FAR)])
def test_the_window_of_an_answer_that_is_taken_fast_grows(
    bench: Bench, seconds: float, widest: int
) -> None:
    exchange = bench.ask()
    bench.clock.time += seconds
    bench.settle()
    bench.sent(exchange)
    origin = bench.origins[0]
    origin.answer(1, end=False)
    seen = [origin.h2.local_flow_control_window(1)]
    while exchange.stream.window < widest:
        origin.more(1, b"x" * (exchange.stream.window // 2))
        seen.append(origin.h2.local_flow_control_window(1))
    assert len(seen) < 9, "as few flights as to grow four times each"
    assert seen[0] == ORIGIN_STREAM_WINDOW
    assert max(seen) >= exchange.stream.window // 2
    assert exchange.stream.window == widest
    assert shared(bench)._spare >= ORIGIN_WINDOW // 4, "the next has something too"
    origin.more(1, b"x", end=True)
    assert shared(bench)._spare == ORIGIN_WINDOW - MOST_STREAMS * ORIGIN_STREAM_WINDOW


def test_a_client_that_has_not_taken_what_passed_gets_no_bigger_window(bench: Bench) -> None:
    (exchange,) = opened(bench)
    origin = bench.origins[0]
    origin.answer(1, end=False)
    exchange.client.waits = 4 * ORIGIN_STREAM_WINDOW
    for passed in range(1, 5):
        assert exchange.stream.window == ORIGIN_STREAM_WINDOW, passed
        origin.more(1, b"x" * ORIGIN_STREAM_WINDOW)
    origin.more(1, b"x" * ORIGIN_STREAM_WINDOW)
    assert exchange.stream.window == GROWTH * ORIGIN_STREAM_WINDOW
    for _ in range(4 + 16 + 64):  # as much always waits, and all else is taken
        origin.more(1, b"x" * ORIGIN_STREAM_WINDOW)
    assert exchange.stream.window >= GROWTH**4 * ORIGIN_STREAM_WINDOW


def test_what_came_in_one_turn_is_acknowledged_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = opened(bench, 2)
    taken: list[tuple[int, int]] = []
    monkeypatch.setattr(type(shared(bench).codec), "taken", lambda _, *found: taken.append(found))
    origin = bench.origins[0]
    origin.h2.send_headers(1, [(b":status", b"200")])
    origin.h2.send_headers(3, [(b":status", b"200")])
    for stream in (1, 3, 1, 3):
        origin.h2.send_data(stream, b"abc")
    writes = bench.transports[0].writes
    origin.flush()
    assert taken == [(1, 6), (3, 6)]
    assert (first.body, second.body) == (b"abcabc", b"abcabc")
    assert bench.transports[0].writes == writes


def test_the_window_of_one_that_is_not_taken_does_not(bench: Bench) -> None:
    (exchange,) = opened(bench)
    origin = bench.origins[0]
    origin.answer(1, end=False)
    bench.loop.run(exchange.stream.pause_reading)
    origin.more(1, b"x" * ORIGIN_STREAM_WINDOW)
    assert exchange.stream.window == ORIGIN_STREAM_WINDOW
    assert origin.h2.local_flow_control_window(1) == 0


def test_an_upload_that_is_not_taken_is_held_up(bench: Bench) -> None:
    exchange = bench.ask()
    origin = bench.settle()
    origin.stingy = True
    bench.loop.run(lambda: exchange.stream.send(request(None), b"", False))
    for _ in range(2):
        bench.loop.run(lambda: exchange.stream.send(None, bytes(65536), False))
        origin.hear()
    assert not exchange.is_full
    bench.loop.run(lambda: exchange.stream.send(None, bytes(65536), False))
    bench.loop.run(lambda: exchange.stream.send(None, bytes(65536), False))
    assert exchange.is_full
    assert exchange.stream.unsent() > MOST_OF_ONE
    origin.h2.increment_flow_control_window(1 << 20, 1)
    origin.h2.increment_flow_control_window(1 << 20)
    origin.flush()
    assert not exchange.is_full


def test_nothing_more_is_taken_from_the_codec_for_a_full_socket(bench: Bench) -> None:
    opened(bench)
    origin, transport = bench.origins[0], bench.transports[0]
    origin.h2.increment_flow_control_window(1 << 22)
    origin.flush()
    other = bench.ask()
    transport.stalled = True
    bench.loop.run(lambda: other.stream.send(request(None), b"", False))
    for _ in range(4):
        bench.loop.run(lambda: other.stream.send(None, bytes(60_000), False))
    assert other.is_full
    assert len(transport.buffer) < 200_000
    bench.loop.run(transport.drain)
    origin.hear()
    origin.hear()
    assert not other.is_full


# --- silence -------------------------------------------------------------------------------------


def test_a_silent_connection_is_asked_and_given_up(bench: Bench) -> None:
    (exchange,) = opened(bench)
    bench.pass_time(QUIET - 0.5)
    assert bench.transports[0].arrived == b""
    bench.pass_time(1)
    assert bench.transports[0].arrived != b"", "a PING"
    assert not shared(bench).has_room
    bench.pass_time(PATIENCE - 1)
    assert exchange.error is None
    bench.pass_time(1.5)
    assert isinstance(exchange.error, EndpointSilent)
    assert bench.transports[0].seen == "closed"
    assert repr(bench.pool) == "<Pool e 0 idle, 0 dialling>"
    assert len(bench.deadlines) == 0


def test_an_answer_to_a_ping_is_enough_for_long(bench: Bench) -> None:
    opened(bench)
    bench.pass_time(QUIET + 0.5)
    assert pings(bench) == 1
    bench.pass_time(SELDOM - 1)
    assert pings(bench) == 1
    assert shared(bench).has_room
    bench.pass_time(2)
    assert pings(bench) == 2


def test_new_streams_have_it_asked_sooner_but_seldom(bench: Bench) -> None:
    opened(bench)
    for _ in range(6):
        bench.pass_time(QUIET + 1)
        pings(bench)
        bench.sent(bench.ask())
    assert pings(bench) == FEW


def test_any_piece_of_an_answer_makes_it_as_new(bench: Bench) -> None:
    first, _ = opened(bench, 2)
    bench.pass_time(QUIET + 0.5)
    assert pings(bench) == 1
    bench.origins[0].answer(first.stream.number)
    bench.pass_time(QUIET + 0.5)
    assert pings(bench) == 2


def stuck(bench: Bench) -> tuple[Asking, Any]:
    """An exchange beside an upload of which the origin takes nothing, and the transport."""
    (exchange,) = opened(bench)
    origin, transport = bench.origins[0], bench.transports[0]
    origin.h2.increment_flow_control_window(1 << 20)
    origin.h2.increment_flow_control_window(1 << 20, 1)
    origin.flush()
    upload = bench.ask()
    transport.stalled = True
    bench.loop.run(lambda: upload.stream.send(request(None), bytes(60_000), False))
    bench.loop.run(lambda: transport.write(bytes(70_000)))
    assert not shared(bench).has_room
    return exchange, transport


def test_an_origin_that_takes_nothing_and_says_nothing_is_given_up(bench: Bench) -> None:
    exchange, transport = stuck(bench)
    bench.pass_time(QUIET + PATIENCE - 1)
    assert exchange.error is None
    bench.pass_time(2)
    assert isinstance(exchange.error, EndpointSilent)
    assert transport.seen == "closed"
    assert len(bench.deadlines) == 0


def test_one_that_takes_nothing_is_looked_at_soon_however_often_it_was_asked(bench: Bench) -> None:
    exchange = opened(bench)[0]
    for _ in range(FEW + 1):
        bench.pass_time(QUIET + 1)
        pings(bench)
        bench.sent(bench.ask())
    bench.transports[0].stalled = True
    bench.loop.run(lambda: bench.transports[0].write(bytes(70_000)))
    bench.pass_time(QUIET + PATIENCE + 1)
    assert isinstance(exchange.error, EndpointSilent)


def test_one_that_takes_a_body_slowly_has_time_to_hear_the_question(bench: Bench) -> None:
    exchange, transport = stuck(bench)
    for _ in range(4):
        bench.pass_time(PATIENCE)
        del transport.buffer[:10_000]
        assert exchange.error is None
    bench.pass_time(2 * PATIENCE + 1)
    assert isinstance(exchange.error, EndpointSilent)


def test_one_that_has_heard_the_question_gets_no_time_for_what_came_behind(bench: Bench) -> None:
    opened(bench)
    exchange = bench.ask()
    bench.loop.run(lambda: exchange.stream.send(request(None), b"a", False))
    bench.pass_time(QUIET + 0.5)
    bench.transports[0].stalled = True
    bench.loop.run(lambda: exchange.stream.send(None, b"a", False))
    bench.pass_time(PATIENCE + 0.5)
    assert isinstance(exchange.error, EndpointSilent)


def test_a_connection_without_streams_is_not_asked_and_closed_in_time(bench: Bench) -> None:
    opened(bench)
    bench.origins[0].answer(1)
    bench.pass_time(bench.pool.idle_timeout - 0.5)
    assert pings(bench) == 0
    assert bench.transports[0].seen == ""
    bench.pass_time(1)
    bench.origins[0].hear()
    assert bench.origins[0].gone == 0
    assert bench.transports[0].seen == "closed"
    assert len(bench.deadlines) == 0


# --- ends ----------------------------------------------------------------------------------------


def test_behind_a_goaway_what_is_below_ends_in_peace(bench: Bench) -> None:
    first, second = opened(bench, 2)
    origin: Any = bench.origins[0]
    goaway = b"\0\0\x08\x07\0\0\0\0\0" + (1).to_bytes(4, "big") + bytes(4)
    bench.loop.run(lambda: bench.transports[0].feed(goaway))
    assert second.error is not None
    assert second.error.retry == "always"
    assert second.reused
    assert bench.pool._shared == []
    assert first.error is None
    origin.answer(1, body=b"late")
    assert first.body == b"late"
    assert bench.transports[0].seen == "closed"


def test_a_connection_that_is_lost_loses_its_streams(bench: Bench) -> None:
    first, second = opened(bench, 2)
    bench.origins[0].answer(1, body=b"a", end=False)
    bench.loop.run(bench.transports[0].reset)
    assert first.error is not None
    assert first.error.word == "http_response_incomplete"
    assert type(second.error) is ConnectionLost
    assert len(bench.deadlines) == 0


def test_an_origin_that_breaks_the_protocol_is_no_gateway(bench: Bench) -> None:
    (exchange,) = opened(bench)
    bench.loop.run(lambda: bench.transports[0].feed(b"\0\0\x04\x08\0\0\0\0\0" + bytes(4)))
    assert isinstance(exchange.error, BadGateway)
    assert exchange.error.detail.startswith("the origin's HTTP/2 is malformed: ")
    assert bench.transports[0].seen == "closed"
    bench.transports[0].feed(b"and more")
    assert len(bench.deadlines) == 0


def test_a_head_far_over_the_limits_breaks_the_connection(bench: Bench) -> None:
    (exchange,) = opened(bench)
    bench.origins[0].h2.send_headers(1, [(b":status", b"200"), *[(b"a", b"")] * 600])
    data = bench.origins[0].h2.data_to_send()
    bench.loop.run(lambda: bench.transports[0].feed(data))
    assert isinstance(exchange.error, BadGateway)
    assert bytes(bench.transports[0].arrived)[3] == 7
    assert bench.transports[0].seen == "closed"


def test_one_who_closes_before_settings_has_not_accepted(bench: Bench) -> None:
    exchange = bench.ask()
    bench.loop.run(bench.transports[0].feed_eof)
    assert type(exchange.error) is ConnectFailed
    assert repr(bench.pool) == "<Pool e 0 idle, 0 dialling>"


def test_one_who_says_no_settings_is_given_up_with_those_who_wait(bench: Bench) -> None:
    exchange = bench.ask()
    bench.pass_time(5.5)
    assert exchange.error is not None
    assert exchange.error.word == "connection_timeout"
    bench.loop.settle()
    assert bench.transports[0].seen == "closed"
    assert len(bench.deadlines) == 0


def test_a_close_that_is_not_taken_is_an_abort_in_the_end(bench: Bench) -> None:
    opened(bench)
    bench.origins[0].answer(1)
    bench.transports[0].stalled = True
    bench.loop.run(bench.pool.close)
    assert bench.transports[0].seen == ""
    bench.pass_time(FLUSH + 1)
    assert bench.transports[0].seen == "closed"
    assert clock.now > 0


def test_a_closed_pool_lets_streams_end(bench: Bench) -> None:
    (exchange,) = opened(bench)
    bench.loop.run(bench.pool.close)
    assert bench.transports[0].seen == ""
    bench.origins[0].answer(1, body=b"a")
    assert exchange.body == b"a"
    assert bench.transports[0].seen == "closed"
