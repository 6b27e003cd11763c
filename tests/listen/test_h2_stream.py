"""Requests of HTTP/2 clients and their answers, a stream each, before an HTTP/1.1 origin."""

import re

import pytest

from porch.errors import TunnelNotSupported
from porch.exchange import Exchange
from porch.filter import Filter, Response
from porch.http.h2 import CANCEL, INTERNAL, NO_ERROR, STREAM_WINDOW, WINDOW
from porch.http.websocket import accept_key
from porch.listen.h2_stream import ServerStream
from porch.route.route import RUNNING
from tests.http.test_websocket import frame as ws
from tests.listen.conftest import Make
from tests.scenario.test_websocket import TO_CLIENT
from tests.support.multiplexed import Multiplexed

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def test_a_request_goes_out_as_http_1_and_its_answer_comes_back(story: Make) -> None:
    tale = story()
    one = tale.asks(b"/a?b", (b"cookie", b"a=1"), (b"cookie", b"b=2"))
    tale.upstream_gets(b"GET /a?b", field=(b"cookie", b"a=1; b=2"))
    tale.upstream(OK)
    assert (b"content-length", b"2") in tale.answer(one, 200, b"hi").fields
    tale.ended(1, "")
    assert tale.latest.request.version == b"2"


def test_requests_run_side_by_side_and_are_answered_in_any_order(story: Make) -> None:
    tale = story()
    one, two = tale.asks(b"/one"), tale.asks(b"/two")
    tale.upstream_gets(b"GET /one", at=0).upstream_gets(b"GET /two", at=1)
    tale.upstream(OK, at=1)
    tale.answer(two, 200, b"hi")
    assert not tale.answers[one].status
    tale.upstream(OK, at=0)
    tale.answer(one, 200, b"hi")


@pytest.mark.parametrize(
    ("method", "head"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"),
        (b"GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n"),
    ],
)
def test_what_has_no_body_ends_with_its_head(story: Make, method: bytes, head: bytes) -> None:
    tale = story()
    one = tale.asks(method=method)
    tale.upstream_gets(method + b" /").upstream(head)
    tale.answer(one, int(head[9:12]), b"")
    assert tale.answers[one].reset is None


def test_trailers_pass_both_ways(story: Make) -> None:
    tale = story()
    one = tale.asks(method=b"POST", end=False)
    tale.says(one, b"ab")
    tale.does(lambda far: far.send_headers(one, [(b"x-sum", b"1")], end_stream=True))
    tale.upstream_gets(b"POST /", b"ab", trailers=[(b"x-sum", b"1")])
    tale.upstream(CHUNKED + b"2\r\ncd\r\n0\r\nx-end: 2\r\n\r\n")
    assert tale.answer(one, 200, b"cd").trailers == [(b"x-end", b"2")]


def test_trailers_of_which_none_may_go_on_are_an_end_without_any(story: Make) -> None:
    tale = story()
    one = tale.asks(method=b"POST", end=False)
    tale.says(one, b"ab")
    tale.does(lambda far: far.send_headers(one, [(b"host", b"y")], end_stream=True))
    tale.upstream_gets(b"POST /", b"ab", trailers=[])
    tale.upstream(CHUNKED + b"2\r\ncd\r\n0\r\nhost: y\r\n\r\n")
    assert tale.answer(one, 200, b"cd").trailers is None


def test_a_whole_body_behind_which_no_trailer_may_go_on_has_its_length(story: Make) -> None:
    tale = story().connects()
    one = tale.opens(method=b"POST", end=False)
    tale.far.send_data(one, b"ab")
    tale.does(lambda far: far.send_headers(one, [(b"host", b"y")], end_stream=True))
    tale.upstream_gets(b"POST /", b"ab", field=(b"content-length", b"2"))
    tale.upstream(OK)
    tale.answer(one, 200, b"hi")


def test_trailers_that_come_with_the_rest_in_one_read_are_not_lost(story: Make) -> None:
    tale = story().connects()
    one = tale.opens(method=b"POST", end=False)
    tale.far.send_data(one, b"ab")
    tale.does(lambda far: far.send_headers(one, [(b"x-sum", b"1")], end_stream=True))
    tale.upstream_gets(b"POST /", b"ab", trailers=[(b"x-sum", b"1")])
    tale.upstream(OK)
    tale.answer(one, 200, b"hi")


def test_a_body_that_is_whole_in_one_read_goes_out_with_its_length(story: Make) -> None:
    tale = story().connects()
    one = tale.opens(method=b"POST", end=False)
    tale.says(one, b"abc", end=True)
    tale.upstream_gets(b"POST /", b"abc", field=(b"content-length", b"3"))
    tale.upstream(OK)
    tale.answer(one, 200)


def test_interim_answers_pass(story: Make) -> None:
    tale = story()
    one = tale.asks()
    tale.upstream_gets(b"GET /").upstream(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + OK)
    assert tale.answer(one, 200, b"hi").interim == [103]


def test_who_waits_for_100_is_told_it(story: Make) -> None:
    tale = story()
    one = tale.asks(b"/", (b"expect", b"100-continue"), method=b"POST", end=False)
    tale.upstream_gets(b"POST /", end=False, field=(b"expect", b"100-continue"))
    assert tale.answers[one].interim == []
    tale.upstream(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert tale.answers[one].interim == [100]
    tale.says(one, b"ab", end=True)
    tale.upstream_gets(body=b"ab").upstream(OK)
    tale.answer(one, 200, b"hi")


# --- early answers and ends ----------------------------------------------------------------------


def test_an_answer_before_the_end_of_its_request_ends_with_a_reset_without_blame(
    story: Make,
) -> None:
    tale = story()
    one = tale.asks(method=b"POST", end=False)
    tale.upstream_gets(b"POST /", end=False)
    tale.upstream(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno")
    assert tale.answer(one, 403, b"no").reset == NO_ERROR
    tale.upstream_sees("closed")
    two = tale.asks(b"/two")
    tale.upstream_gets(b"GET /two").upstream(OK)
    tale.answer(two, 200, b"hi")


def test_the_reset_waits_until_the_last_byte_has_left(story: Make) -> None:
    tale = story(stream_window=10)
    tale.takes = False
    one = tale.asks(method=b"POST", end=False)
    tale.upstream_gets(b"POST /", end=False)
    tale.upstream(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 12\r\n\r\nno, not here")
    assert tale.answers[one].body == b"no, not he"
    assert tale.answers[one].reset is None
    tale.upstream_sees("closed")
    tale.takes_more(one, 100)
    assert tale.answer(one, 403, b"no, not here").reset == NO_ERROR


def test_what_comes_of_a_request_that_is_answered_does_not_use_up_the_window(story: Make) -> None:
    tale = story(stream_window=10)
    tale.takes = False
    one = tale.asks(method=b"POST", end=False)
    tale.upstream_gets(b"POST /", end=False)
    tale.upstream(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 12\r\n\r\nno, not here")
    for _ in range(2 * WINDOW // 16384):
        tale.says(one, bytes(16384))
    assert tale.far.outbound_flow_control_window > WINDOW // 4
    tale.takes_more(one, 100)
    tale.answer(one, 403)


def test_an_answer_that_breaks_off_is_a_reset(story: Make) -> None:
    tale = story()
    one = tale.asks()
    tale.upstream_gets(b"GET /")
    tale.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").upstream_eof()
    assert not tale.answers[one].ended
    assert (tale.answers[one].body, tale.answers[one].reset) == (b"half", INTERNAL)
    tale.ended(1, "http_response_incomplete")


def test_a_request_that_the_client_gives_up_is_given_up_at_the_origin(story: Make) -> None:
    tale = story()
    one, two = tale.asks(b"/one"), tale.asks(b"/two")
    tale.upstream_gets(b"GET /one", at=0).upstream_gets(b"GET /two", at=1)
    tale.gives_up(one)
    tale.ended(1, "client_gone").upstream_sees("closed", at=0)
    tale.upstream(OK, at=1)
    tale.answer(two, 200, b"hi")


def test_a_request_that_is_given_up_in_the_same_read_never_begins(story: Make) -> None:
    tale = story().connects()
    one = tale.opens()
    tale.gives_up(one)
    tale.ended(0).dialled(0)


def test_an_error_is_a_page_on_its_own_stream(story: Make) -> None:
    tale = story()
    tale.endpoint("refuses")
    one = tale.asks()
    assert (b"server", b"porch") in tale.answer(one, 502).fields
    tale.endpoint("accepts")
    two = tale.asks()
    tale.upstream_gets(b"GET /").upstream(OK)
    tale.answer(two, 200)


@pytest.mark.parametrize(("method", "page"), [(b"GET", b"http_request_error"), (b"HEAD", b"")])
def test_a_head_that_is_refused_has_an_answer_and_a_line_in_the_log(
    story: Make, method: bytes, page: bytes
) -> None:
    tale = story()
    one = tale.asks(b"/a#b", method=method)
    tale.answer(one, 400, page)
    tale.ended(1, "http_request_error").dialled(0)
    assert tale.latest.request.version == b"2"


def test_a_body_behind_a_head_that_is_refused_is_dropped(story: Make) -> None:
    tale = story().connects()
    one = tale.opens(b"/a#b", method=b"POST", end=False)
    for _ in range(4):
        tale.far.send_data(one, bytes(16000))
    tale.does(lambda far: None)
    assert tale.answer(one, 400).reset == NO_ERROR
    for _ in range(WINDOW // 64000):
        again = tale.opens(b"/a#b", method=b"POST", end=False)
        for _ in range(4):
            tale.far.send_data(again, bytes(16000))
        tale.does(lambda far: None)
    assert tale.far.outbound_flow_control_window >= WINDOW // 4


# --- bodies under backpressure -------------------------------------------------------------------


def upload(tale: Multiplexed, number: int) -> int:
    """Send as much as the windows let through. Returns how much that was."""
    sent = 0
    while size := min(tale.far.local_flow_control_window(number), 16384):
        tale.says(number, bytes(size))
        sent += size
    return sent


def test_the_window_opens_only_for_what_the_origin_has_taken(story: Make) -> None:
    tale = story().connects()
    one = tale.asks(method=b"POST", end=False)
    tale.upstream_gets(b"POST /", b"", end=False)
    tale.upstream_full()
    sent = upload(tale, one)
    assert STREAM_WINDOW <= sent <= STREAM_WINDOW + 65536 + 16384
    tale.upstream_drained()
    tale.says(one, b"end", end=True)
    tale.upstream_gets(body=bytes(sent) + b"end").upstream(OK)
    tale.answer(one, 200)


def test_before_an_origin_is_found_no_more_comes_than_the_windows_first_let_in(
    story: Make,
) -> None:
    tale = story()
    tale.endpoint("hangs")
    one = tale.asks(method=b"POST", end=False)
    sent = upload(tale, one)
    assert sent == STREAM_WINDOW
    tale.endpoint("accepts")
    tale.says(one, b"end", end=True)
    tale.upstream_gets(b"POST /", bytes(sent) + b"end").upstream(OK)
    tale.answer(one, 200)


def test_all_streams_together_may_hold_a_mebibyte(story: Make) -> None:
    tale = story()
    tale.endpoint("hangs")
    sent = sum(upload(tale, tale.asks(method=b"POST", end=False)) for _ in range(6))
    assert sent == WINDOW
    for number in tale.answers:
        tale.gives_up(number)
    assert tale.far.outbound_flow_control_window >= WINDOW // 2, "nothing is lost with a stream"
    tale.ended(6, "client_gone")


def test_an_end_that_comes_while_the_exchange_is_paused_is_not_lost(story: Make) -> None:
    tale = story()
    one = tale.asks(method=b"POST", end=False)
    tale.upstream_gets(b"POST /", b"", end=False)
    tale.upstream_full()
    for _ in range(5):
        tale.says(one, bytes(16384))
    tale.does(lambda far: far.end_stream(one))
    tale.upstream_drained()
    tale.upstream_gets(body=bytes(5 * 16384)).upstream(OK)
    tale.answer(one, 200)


# --- WebSocket by RFC 8441 -----------------------------------------------------------------------

SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-accept: %b\r\nsec-websocket-protocol: chat\r\n\r\n"
)


def switch(tale: Multiplexed) -> bytes:
    """The switch for the key that was sent to the origin."""
    asked = bytes(tale.upstreams[-1].transport.arrived)
    (key,) = re.findall(rb"\r\nsec-websocket-key: (\S+)\r\n", asked)
    assert len(key) == 24
    return SWITCH % accept_key(key)


def opened(tale: Multiplexed, *fields: tuple[bytes, bytes]) -> int:
    one = tale.asks(b"/ws", *fields, method=b"CONNECT", protocol=b"websocket", end=False)
    answer = switch(tale)
    tale.upstream_gets(b"GET /ws", field=(b"upgrade", b"websocket"), end=None)
    tale.upstream(answer)
    return one


@pytest.mark.parametrize("protocol", [b"h2c", b"connect-udp", b"constructor"])
def test_a_tunnel_that_the_route_has_no_upgrade_for_is_501_and_reaches_no_origin(
    story: Make, protocol: bytes
) -> None:
    tale = story()
    one = tale.asks(b"/ws", method=b"CONNECT", protocol=protocol, end=False)
    assert tale.answers[one].status == 501
    assert tale.upstreams == []
    (refused,) = tale.recorder.ended
    assert type(refused.error) is TunnelNotSupported
    two = tale.asks()
    tale.upstream_gets(b"GET /").upstream(OK).answer(two, 200, b"hi")


def test_a_websocket_is_a_get_with_a_key_to_the_origin_and_a_200_to_the_client(
    story: Make,
) -> None:
    tale = story()
    one = tale.asks(
        b"/ws",
        (b"sec-websocket-version", b"13"),
        method=b"CONNECT",
        protocol=b"websocket",
        end=False,
    )
    asked = bytes(tale.upstreams[-1].transport.arrived)
    assert asked.startswith(b"GET /ws HTTP/1.1\r\n")
    answer = switch(tale)
    tale.upstream_gets(field=(b"connection", b"upgrade"), line=b"GET /ws")
    tale.upstream(answer)
    got = tale.answers[one]
    assert (got.status, got.ended) == (200, False)
    assert (b"sec-websocket-protocol", b"chat") in got.fields
    assert b"sec-websocket-accept" not in dict(got.fields)
    tale.says(one, ws(b"ping", masked=True))
    tale.upstream_gets(raw=ws(b"ping", masked=True))
    tale.upstream(ws(b"pong"))
    assert got.body == ws(b"pong")
    tale.says(one, b"", end=True)
    tale.upstream_sees("half-closed")
    tale.upstream(ws(b"last")).upstream_eof()
    assert got.body == ws(b"pong") + ws(b"last")
    assert (got.ended, got.reset) == (True, None)
    tale.ended(1, "")


def test_what_a_client_sends_before_the_tunnel_is_open_waits(story: Make) -> None:
    tale = story()
    one = tale.asks(b"/ws", method=b"CONNECT", protocol=b"websocket", end=False)
    tale.says(one, ws(b"early", masked=True))
    answer = switch(tale)
    tale.upstream_gets(b"GET /ws", b"").upstream_gets_nothing()
    tale.upstream(answer)
    tale.upstream_gets(raw=ws(b"early", masked=True))
    tale.gives_up(one)
    tale.ended(1, "client_gone").upstream_sees("closed")


def test_a_tunnel_that_the_origin_refuses_is_an_answer(story: Make) -> None:
    tale = story()
    one = tale.asks(b"/ws", method=b"CONNECT", protocol=b"websocket", end=False)
    tale.upstream_gets(b"GET /ws", b"")
    tale.upstream(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno")
    assert tale.answer(one, 403, b"no").reset == NO_ERROR


@pytest.mark.parametrize("status", [b"200 OK", b"299 Odd"])
@pytest.mark.parametrize("rest", [b"hi", b"h", b""])
def test_a_good_answer_without_a_switch_opens_no_tunnel(
    story: Make, status: bytes, rest: bytes
) -> None:
    tale = story()
    one = tale.asks(b"/ws", method=b"CONNECT", protocol=b"websocket", end=False)
    tale.upstream_gets(b"GET /ws", b"")
    tale.upstream(b"HTTP/1.1 %b\r\ncontent-length: 2\r\n\r\n" % status + rest)
    tale.answer(one, 502, b"http_upgrade_failed")
    tale.ended(1, "http_upgrade_failed")
    assert tale.latest.status == 502
    assert tale.endpoints[0].counts[RUNNING] == 0


@pytest.mark.parametrize("accept", [b"", b"sec-websocket-accept: eA==\r\n"])
def test_a_switch_that_does_not_fit_the_doors_key_opens_no_tunnel(
    story: Make, accept: bytes
) -> None:
    tale = story()
    one = tale.asks(b"/ws", method=b"CONNECT", protocol=b"websocket", end=False)
    tale.upstream_gets(b"GET /ws", b"")
    tale.upstream(
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n%b\r\n"
        % accept
    )
    tale.answer(one, 502, b"http_upgrade_failed")
    tale.ended(1, "http_upgrade_failed").upstream_sees("closed")
    assert tale.latest.status == 502


def test_a_switch_has_to_fit_the_key_of_a_client_that_has_said_one(story: Make) -> None:
    tale = story()
    key = (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ==")
    one = tale.asks(b"/ws", key, method=b"CONNECT", protocol=b"websocket", end=False)
    tale.upstream_gets(b"GET /ws", field=key, end=None)
    tale.upstream(SWITCH % b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    assert tale.answers[one].status == 200
    tale.gives_up(one)


def test_a_good_answer_of_the_door_itself_opens_no_tunnel(story: Make) -> None:
    class Answers(Filter):
        def on_request(self, exchange: Exchange) -> Response:
            return Response(200, (), b"here")

    tale = story(filters=[Answers()])
    one = tale.asks(b"/ws", method=b"CONNECT", protocol=b"websocket", end=False)
    tale.answer(one, 502, b"http_upgrade_failed")
    tale.ended(1, "http_upgrade_failed")
    assert tale.latest.status == 502


def test_an_origin_that_breaks_a_tunnel_off_breaks_the_stream_off(story: Make) -> None:
    tale = story()
    one = opened(tale)
    tale.upstream_resets()
    assert (tale.answers[one].ended, tale.answers[one].reset) == (False, CANCEL)


def test_windows_hold_inside_a_tunnel(story: Make) -> None:
    tale = story()
    one = opened(tale)
    tale.upstream_full()
    sent = upload(tale, one)
    assert STREAM_WINDOW <= sent <= STREAM_WINDOW + 65536 + 16384
    tale.upstream_drained()
    tale.upstream_gets(raw=bytes(sent))
    tale.gives_up(one)


def test_a_websocket_is_told_the_doors_end_in_its_own_words(story: Make) -> None:
    tale = story()
    one = opened(tale)
    tale.drains().closes_now()
    got = tale.answers[one]
    assert got.body == TO_CLIENT
    assert got.ended
    tale.upstreams[-1].transport.arrived.clear()
    tale.upstream_eof()


def test_an_empty_piece_that_is_not_the_end_does_nothing(story: Make) -> None:
    tale = story()
    one = tale.asks()
    tale.upstream_gets(b"GET /").upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")
    (stream,) = tale.connection.streams.values()
    earned = tale.connection.codec.glitches.free
    tale._do(lambda: stream.send(None, b"", False))
    assert tale.connection.codec.glitches.free == earned
    tale.gives_up(one)


def test_it_says_which_it_is(story: Make) -> None:
    tale = story()
    one = tale.asks()
    tale.upstream_gets(b"GET /")
    (stream,) = tale.connection.streams.values()
    assert isinstance(stream, ServerStream)
    assert repr(stream) == "<ServerStream 1 <Exchange <GET / 0 fields> - to e0 running>>"
    tale.gives_up(one)
