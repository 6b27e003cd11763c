"""One connection of an HTTP/2 client: what is held, in which order it leaves, and how it ends."""

import pytest

from porch import clock
from porch.clock import INFINITY
from porch.errors import ClientGone
from porch.forward.sip import A_SIP
from porch.http.h2 import CANCEL, NO_ERROR, PREFACE, PROTOCOL
from porch.listen.closing import LINGER
from porch.listen.h2 import GOODBYE, MultiplexedConnection
from porch.listen.h2_stream import MOST_OF_ONE, MOST_QUEUED, MOST_SIPPED
from porch.route.route import Timeouts
from tests.listen.conftest import Make
from tests.support.multiplexed import Multiplexed
from tests.support.network import HIGH, FakeTransport
from tests.support.speaker import frame

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
LAST = (1 << 31) - 1
A_READ = 1 << 18
"""Bytes that come from an origin at once, at most."""


def silent(tale: Multiplexed) -> tuple[FakeTransport, MultiplexedConnection]:
    """A client of which nothing is heard."""
    transport = tale._transport(True, peername=("192.0.2.7", 1), sockname=("192.0.2.1", 443))
    connection = MultiplexedConnection(tale.door, b"https", b"443")
    tale._do(lambda: transport.connect(connection))
    return transport, connection


def head(length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % length


# --- one write a turn --------------------------------------------------------------------------


def test_all_that_is_answered_in_one_turn_leaves_in_one_write(story: Make) -> None:
    tale = story().connects()
    numbers = [tale.opens(b"/%d" % each) for each in range(5)]
    tale.does(lambda far: None)
    for each in range(5):
        tale.upstream_gets(b"GET /%d" % each, at=each)
    before = tale.transport.writes

    def answer() -> None:
        for far in tale.upstreams:
            far.transport.feed(OK)

    tale._do(answer)
    assert tale.transport.writes == before + 1
    for number in numbers:
        tale.answer(number, 200, b"hi")


def test_more_than_a_turn_writes_leaves_in_the_next_ones(story: Make) -> None:
    tale = story(stream_window=1 << 24, window=1 << 24)
    one = tale.asks()
    tale.upstream_gets(b"GET /")
    tale.upstream(head(900_000) + bytes(900_000))
    tale.answer(one, 200, bytes(900_000))


# --- what is held ------------------------------------------------------------------------------


def held(tale: Multiplexed) -> int:
    return tale.connection.codec.queued() + len(tale.transport.buffer)


def test_a_stream_whose_client_takes_nothing_of_it_is_not_read_on(story: Make) -> None:
    tale = story(stream_window=1000)
    tale.takes = False
    one, two = tale.asks(b"/one"), tale.asks(b"/two")
    tale.upstream_gets(b"GET /one", at=0).upstream_gets(b"GET /two", at=1)
    tale.upstream(head(MOST_OF_ONE * 2) + bytes(MOST_OF_ONE), at=0).upstream_is_read(at=0)
    tale.upstream(bytes(2000), at=0).upstream_is_read(False, at=0)
    tale.upstream(OK, at=1)
    tale.answer(two, 200, b"hi")
    tale.takes_more(one, MOST_OF_ONE // 2).upstream_is_read(False, at=0)
    tale.takes_more(one, 3000).upstream_is_read(at=0)
    tale.gives_up(one)


def test_streams_that_nobody_takes_keep_a_small_request_no_longer(story: Make) -> None:
    tale = story(window=1 << 24)
    tale.takes = False
    for _ in range(8):
        tale.asks(b"/film")
    for at in range(8):
        tale.upstream_gets(b"GET /film", at=at)

    def films() -> None:
        for far in tale.upstreams:
            far.transport.feed(head(1_000_000) + bytes(A_READ))

    tale._do(films)
    assert held(tale) <= MOST_QUEUED + A_READ + 5 * A_SIP
    paused = [far.transport.paused for far in tale.upstreams]
    assert paused == [True] * 8
    for _ in range(3):
        small = tale.asks(b"/small")
        tale.upstream_gets(b"GET /small", at=8).upstream_is_read(at=8)
        tale.upstream(OK, at=8)
        tale.answer(small, 200, b"hi")
    for number in range(1, 17, 2):
        tale.gives_up(number)
    assert not tale.connection.crowded


def test_an_answer_that_is_taken_is_read_to_its_end_beside_those_that_are_not(
    story: Make,
) -> None:
    tale = story(window=1 << 24)
    tale.takes = False
    stuck = [tale.asks(b"/film") for _ in range(5)]
    for at in range(5):
        tale.upstream_gets(b"GET /film", at=at)
        tale.upstream(head(1_000_000) + bytes(A_READ), at=at)
    large = tale.asks(b"/large")
    tale.upstream_gets(b"GET /large", at=5)
    tale.upstream(head(200_000) + bytes(200_000), at=5)
    while not tale.answers[large].ended:
        tale.takes_more(large, 16384)
        assert held(tale) < MOST_SIPPED + A_SIP
    tale.answer(large, 200, bytes(200_000))
    for number in stuck:
        tale.gives_up(number)


def test_where_others_stand_still_those_who_take_are_read_on(story: Make) -> None:
    tale = story(stream_window=65535, window=1 << 24)
    tale.takes = False
    numbers = [tale.asks() for _ in range(5)]
    for at in range(5):
        tale.upstream_gets(b"GET /", at=at)
    for at in range(4):  # four that stand still: more than a crowd, less than the most
        tale.upstream(head(1_000_000) + bytes(A_READ), at=at)
    tale.upstream(head(300_000) + bytes(60_000), at=4).upstream_is_read(at=4)
    for _ in range(4):
        tale.takes_more(numbers[4], 60_000)
        tale.upstream(bytes(60_000), at=4)
    tale.answer(numbers[4], 200, bytes(300_000))
    for number in numbers[:4]:
        tale.gives_up(number)


def test_an_unread_socket_is_written_nothing_more(story: Make) -> None:
    tale = story(stream_window=1 << 20, window=1 << 20)
    one = tale.asks()
    tale.upstream_gets(b"GET /").client_full()
    tale.upstream(head(500_000) + bytes(HIGH + 1))
    written = len(tale.transport.buffer)
    tale.upstream(bytes(MOST_OF_ONE)).upstream_is_read()
    tale.upstream(bytes(1)).upstream_is_read(False)
    assert len(tale.transport.buffer) == written
    tale.client_drained().upstream_is_read()
    tale.upstream(bytes(500_000 - HIGH - 2 - MOST_OF_ONE))
    tale.answer(one, 200, bytes(500_000))


# --- priorities (RFC 9218) ------------------------------------------------------------------------


def order_of(tale: Multiplexed, priorities: list[bytes], size: int = 20_000) -> list[int]:
    """Ask for as many, let all be answered before the client takes any, and see what comes when.
    Streams are named by their place."""
    numbers = [tale.asks(b"/", *[(b"priority", each)] * bool(each)) for each in priorities]
    tale.client_full()
    tale.transport.buffer += bytes(HIGH + 1)
    tale.connection.pause_writing()
    for at in range(len(priorities)):
        tale.upstream_gets(b"GET /", at=at)
        tale.upstream(head(size) + bytes(size), at=at)
    del tale.transport.buffer[: HIGH + 1]
    tale.connection.resume_writing()
    tale.client_drained()
    return [numbers.index(each) for each in tale.order]


def test_the_more_urgent_leaves_first_whatever_came_first(story: Make) -> None:
    tale = story(stream_window=1 << 20, window=1 << 20)
    assert order_of(tale, [b"u=5", b"u=1", b"", b"u=0"]) == [3, 3, 1, 1, 2, 2, 0, 0]


def test_of_the_same_urgency_each_is_sent_whole_unless_it_is_incremental(story: Make) -> None:
    tale = story(stream_window=1 << 20, window=1 << 20)
    assert order_of(tale, [b"", b"", b""]) == [0, 0, 1, 1, 2, 2]
    tale = story(stream_window=1 << 20, window=1 << 20)
    assert order_of(tale, [b"i", b"i", b"i"], 40_000) == [0, 1, 2, 0, 1, 2, 0, 1, 2]


def test_a_priority_may_be_changed_while_it_waits_and_the_old_way_says_nothing(
    story: Make,
) -> None:
    tale = story(stream_window=1 << 20, window=1 << 20)
    first, second, third = tale.opens(), tale.opens(), tale.opens()
    tale.does(lambda far: far.prioritize(first, weight=256, exclusive=True))
    tale.sends(frame(0x10, 0, 0, third.to_bytes(4, "big") + b"u=0"))
    tale.client_full()
    tale.connection.pause_writing()
    for at in range(3):
        tale.upstream_gets(b"GET /", at=at)
        tale.upstream(head(20_000) + bytes(20_000), at=at)
    tale.connection.resume_writing()
    tale.client_drained()
    assert tale.order == [third, third, first, first, second, second]


# --- time --------------------------------------------------------------------------------------


def test_an_idle_connection_is_told_before_it_is_closed(story: Make) -> None:
    tale = story(timeouts=Timeouts(keep_alive=10))
    one = tale.asks()
    tale.upstream_gets(b"GET /").upstream(OK).answer(one, 200)
    tale.upstream_eof()
    tale.advance(9)
    assert tale.aways == []
    tale.advance(2)
    assert tale.aways == [(LAST, NO_ERROR), (one, NO_ERROR)], "the second behind its PING"
    tale.client_sees("closed")


def test_a_client_that_connects_and_says_nothing_is_closed(story: Make) -> None:
    tale = story(timeouts=Timeouts(keep_alive=10))
    transport, connection = silent(tale)
    tale.advance(9)
    assert connection in tale.door.sessions
    tale.advance(1 + GOODBYE + LINGER + 1)
    assert transport.seen == "closed"
    assert tale.door.sessions == set()


def test_who_never_agrees_to_our_settings_is_served_all_the_same(story: Make) -> None:
    tale = story()
    transport, connection = silent(tale)
    asked = frame(1, 5, 1, b"\x82\x86\x84\x41\x01x")  # GET http://x/ in the static table's words
    tale._do(lambda: transport.feed(PREFACE + frame(4, 0, 0, b"") + asked))
    tale.upstream_gets(b"GET /").upstream(OK)
    assert b"hi" in bytes(transport.arrived)
    assert connection.streams == {}
    tale._do(transport.reset)


def test_a_head_that_comes_in_drops_has_its_time_from_the_first_byte(story: Make) -> None:
    tale = story(timeouts=Timeouts(head=5, keep_alive=60)).connects()
    block = frame(1, 0, 1, b"\x82")  # HEADERS without an end
    for byte in block:
        tale.sends(bytes((byte,)))
        tale.advance(0.3)
    assert tale.aways == []
    for _ in range(4):
        tale.sends(b"\0")
        tale.advance(1)
    assert tale.aways[0] == (LAST, NO_ERROR)
    tale.advance(GOODBYE + LINGER + 1).client_sees("closed")


def test_a_head_in_drops_does_not_end_what_runs_beside_it(story: Make) -> None:
    tale = story(timeouts=Timeouts(head=5))
    one = tale.asks()
    tale.upstream_gets(b"GET /").sends(b"\0\x40\0\1\4\0\0\0\3")
    tale.advance(5 + GOODBYE + 2)
    assert [last for last, _ in tale.aways] == [LAST, 3], "it has begun, so it counts"
    tale.client_sees("open").upstream(OK)
    tale.answer(one, 200, b"hi")
    tale.client_sees("closed")


def test_a_ping_between_requests_neither_shortens_nor_lengthens_the_wait(story: Make) -> None:
    tale = story(timeouts=Timeouts(head=5, keep_alive=20)).connects()
    until = tale.connection.deadline
    for _ in range(4):
        tale.advance(2).does(lambda far: far.ping(b"12345678"))
    tale.sends(b"\0\0\x08\x06")  # a part of one, which has its end in time
    tale.advance(2).sends(b"\0\0\0\0\0" + b"12345678")
    assert tale.connection.deadline == until
    assert tale.aways == []


def test_while_a_body_comes_in_drops_only_its_exchange_has_a_deadline(story: Make) -> None:
    tale = story(timeouts=Timeouts(head=5))
    one = tale.asks(method=b"POST", end=False)
    tale.upstream_gets(b"POST /", b"", end=False)
    data = frame(0, 1, one, b"abcdefgh")
    for byte in data[:-1]:
        tale.sends(bytes((byte,))).advance(1)
        assert tale.connection.deadline == INFINITY
    tale.sends(data[-1:])
    tale.upstream_gets(body=b"abcdefgh").upstream(OK)
    tale.answer(one, 200)


def test_a_stream_that_takes_nothing_is_given_up_and_the_others_go_on(story: Make) -> None:
    tale = story(stream_window=1000, timeouts=Timeouts(idle=10))
    tale.takes = False
    one = tale.asks()
    tale.upstream_gets(b"GET /").upstream(head(500_000) + bytes(MOST_OF_ONE + 2000))
    for _ in range(12):  # it is seen twice
        tale.advance(2)
        two = tale.asks(b"/two")
        tale.upstream_gets(b"GET /two", at=-1).upstream(OK)
        tale.answer(two, 200, b"hi")
    assert tale.answers[one].reset == CANCEL
    assert tale.aways == []


def test_what_was_sent_last_and_is_not_taken_is_given_up_too(story: Make) -> None:
    tale = story(stream_window=1000, timeouts=Timeouts(idle=10, keep_alive=60))
    tale.takes = False
    one = tale.asks()
    tale.upstream_gets(b"GET /").upstream(head(3000) + bytes(3000))
    tale.ended(1, "")
    tale.advance(9).takes_more(one, 1000)
    tale.advance(10)
    assert tale.answers[one].reset is None
    tale.advance(12)
    assert tale.answers[one].reset == CANCEL
    assert held(tale) == 0
    assert tale.connection.deadline == pytest.approx(clock.now + 60, abs=12)


def test_a_client_that_reads_nothing_at_all_is_reset(story: Make) -> None:
    tale = story(stream_window=1 << 20, window=1 << 20, timeouts=Timeouts(idle=10))
    tale.asks()
    tale.upstream_gets(b"GET /").client_full()
    tale.upstream(head(HIGH + 5) + bytes(HIGH + 5))
    tale.ended(1, "")
    tale.advance(19).client_sees("open")
    tale.advance(4).client_sees("reset")


# --- the end -----------------------------------------------------------------------------------


def test_a_draining_door_serves_what_is_on_the_way_and_closes_behind_it(story: Make) -> None:
    tale = story()
    one = tale.asks(b"/one")
    tale.upstream_gets(b"GET /one")
    two = tale.opens(b"/two")  # said before the client can know
    tale.drains()
    assert tale.aways == [(LAST, NO_ERROR), (two, NO_ERROR)]
    three = tale.opens(b"/late")
    tale.does(lambda far: None)
    tale.upstream_gets(b"GET /two").upstream(OK)
    tale.answer(two, 200, b"hi")
    tale.client_sees("open").upstream(OK, at=0)
    tale.answer(one, 200, b"hi")
    assert not tale.answers[three].status
    tale.client_sees("closed").ended(2)


def test_a_door_that_finishes_tells_its_idle_clients_at_once(story: Make) -> None:
    tale = story()
    one = tale.asks()
    tale.upstream_gets(b"GET /").upstream(OK).answer(one, 200)
    tale.finishes()
    assert tale.aways == [(LAST, NO_ERROR), (one, NO_ERROR)]
    tale.client_sees("closed")


def test_who_comes_to_a_door_that_finishes_is_served_once_and_told(story: Make) -> None:
    tale = story().finishes().connects()
    assert tale.aways[0] == (LAST, NO_ERROR)
    tale.advance(1)


def test_where_the_ping_is_not_answered_the_second_step_comes_in_time(story: Make) -> None:
    tale = story()
    one = tale.asks()
    tale.upstream_gets(b"GET /")
    tale.client_full().drains().client_drained(0)
    tale.advance(GOODBYE + 1)
    tale.upstream(OK).client_drained()
    assert tale.aways == [(LAST, NO_ERROR), (one, NO_ERROR)]
    tale.answer(one, 200, b"hi")


def test_when_the_grace_is_over_streams_end_with_a_reset_or_a_page(story: Make) -> None:
    tale = story()
    one, two = tale.asks(b"/one"), tale.asks(b"/two")
    tale.upstream_gets(b"GET /one", at=0).upstream_gets(b"GET /two", at=1)
    tale.upstream(head(9) + b"half", at=0)
    tale.closes_now()
    assert not tale.answers[one].ended
    assert tale.answers[one].reset is not None
    tale.answer(two, 503, b"proxy_shutdown")
    assert tale.aways == [(two, NO_ERROR)]
    tale.client_sees("closed")


def test_the_clients_own_goodbye_closes_behind_the_last_answer(story: Make) -> None:
    tale = story()
    one = tale.asks()
    tale.upstream_gets(b"GET /")
    tale.sends(frame(7, 0, 0, bytes(8))).client_sees("open")
    tale.upstream(OK)
    tale.answer(one, 200, b"hi")
    tale.client_sees("closed")


def test_a_client_that_leaves_takes_all_its_requests_with_it(story: Make) -> None:
    tale = story()
    tale.asks(b"/one"), tale.asks(b"/two")
    tale.upstream_gets(b"GET /one", at=0).upstream_gets(b"GET /two", at=1)
    tale.client_eof()
    tale.ended(2, "client_gone").upstream_sees("closed", at=0).upstream_sees("closed", at=1)


def test_a_client_that_leaves_and_takes_nothing_does_not_stay_for_ever(story: Make) -> None:
    tale = story(stream_window=1 << 20, window=1 << 20, timeouts=Timeouts(idle=10))
    tale.asks()
    tale.upstream_gets(b"GET /").client_full().upstream(head(500_000) + bytes(10_000))
    tale.client_eof()
    tale.ended(1, "client_gone").upstream_sees("closed").client_sees("open")
    tale.advance(22).client_sees("reset")


def test_what_breaks_the_protocol_ends_the_connection_with_the_reason(story: Make) -> None:
    tale = story()
    one = tale.asks()
    tale.upstream_gets(b"GET /")
    tale.sends(frame(0, 0, 0, b"data for nobody"))
    assert tale.aways == [(one, PROTOCOL)]
    tale.ended(1, "http_request_error").client_sees("closed")


def test_what_is_no_http_2_at_all_is_told_so(story: Make) -> None:
    tale = story()
    transport, _ = silent(tale)
    tale._do(lambda: transport.feed(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"))
    farewell = bytes((7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, PROTOCOL))
    assert farewell in bytes(transport.arrived)
    assert transport.seen == "closed"


def test_it_says_what_it_is_doing(story: Make) -> None:
    tale = story()
    one = tale.asks()
    assert repr(tale.connection) == "<MultiplexedConnection 192.0.2.7 1 streams open>"
    tale.upstream_gets(b"GET /").upstream(OK).answer(one, 200)
    tale.drains()
    assert repr(tale.connection) == "<MultiplexedConnection 192.0.2.7 0 streams closed>"
    assert PREFACE.startswith(b"PRI * HTTP/2.0")


def test_a_connection_without_streams_is_idle_and_is_told_when_it_has_to_go(story: Make) -> None:
    tale = story()
    transport, connection = silent(tale)
    since = connection.idle_since()
    assert since == clock.now
    tale._do(connection.shed)
    assert transport.seen == "closed"
    assert frame(7, 0, 0, bytes(8)) in bytes(transport.arrived)
    assert tale.door.sessions == set()
    assert connection.idle_since() == INFINITY


def test_one_that_waits_for_an_answer_is_not_idle(story: Make) -> None:
    tale = story().connects()
    one = tale.asks()
    (connection,) = tale.door.sessions
    assert connection.idle_since() == INFINITY
    tale.upstream_gets(b"GET /").upstream(OK).answer(one, 200)
    assert connection.idle_since() <= clock.now


def test_who_takes_too_little_is_reset_with_all_its_streams(story: Make) -> None:
    tale = story().connects()
    tale.asks()
    tale.upstream_gets(b"GET /")
    (connection,) = tale.door.sessions
    assert connection.owed() is None
    tale._do(lambda: connection.give_up(ClientGone("too slow")))
    tale.upstream_sees("closed")
    assert tale.transport.seen == "reset"
