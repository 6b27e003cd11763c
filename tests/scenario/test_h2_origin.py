"""Whole exchanges whose origin speaks HTTP/2: what its client gets, and what is tried again."""

from collections.abc import Callable

import pytest
from h2.events import TrailersReceived

from porch.exchange import Exchange
from porch.filter import Filter, Response
from porch.forward.h2 import PATIENCE, QUIET
from tests.support.h2_origin import H2Origin
from tests.support.h2_story import CHUNKED, GET, POST, leave, origin, spoken
from tests.support.network import HIGH
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]


@pytest.fixture
def story(scenario: Make) -> Scenario:
    return spoken(scenario())


def test_a_request_and_its_answer(story: Scenario) -> None:
    story.client(GET)
    far = origin(story)
    asked = far.requests[1]
    assert asked.ended
    assert asked.fields[:4] == [
        (b":method", b"GET"),
        (b":scheme", b"http"),
        (b":authority", b"x"),
        (b":path", b"/a"),
    ]
    assert asked.get(b"x-forwarded-for") == b"192.0.2.7"
    assert asked.get(b"host") is None
    far.answer(1, body=b"hello", fields=((b"content-length", b"5"),))
    story.client_gets(200, b"hello", field=(b"content-length", b"5")).ended(1, "")
    leave(story, far)


def test_exchanges_share_a_connection_and_end_in_any_order(story: Scenario) -> None:
    story.client(GET)
    far = origin(story)
    story.connects().client(GET)
    far.hear()
    story.connects().client(GET)
    far.hear()
    assert [*far.requests] == [1, 3, 5]
    story.dialled(1)
    for stream, at in ((5, 2), (1, 0), (3, 1)):
        far.answer(stream, body=b"%d" % stream)
        story.client_gets(200, b"%d" % stream, at=at)
    leave(story, far)


def test_one_dial_serves_all_who_ask_meanwhile(story: Scenario) -> None:
    story.endpoint("hangs")
    for _ in range(3):
        story.connects().client(GET)
    story.dialled(1).endpoint("accepts")
    far = origin(story)
    assert [*far.requests] == [1, 3, 5]
    for stream in far.requests:
        far.answer(stream)
    for at in range(3):
        story.client_gets(200, at=at)
    leave(story, far)


def test_a_body_with_a_length_and_one_without(story: Scenario) -> None:
    story.client(POST + b"abc")
    far = origin(story)
    assert (far.requests[1].body, far.requests[1].get(b"content-length")) == (b"abc", b"3")
    far.answer(1, 204)
    story.client_gets(204)
    story.client(CHUNKED + b"3\r\nabc\r\n")
    far.hear()
    assert (far.requests[3].body, far.requests[3].ended) == (b"abc", False)
    story.client(b"1\r\nd\r\n0\r\nx-sum: 1\r\n\r\n")
    far.hear()
    assert (far.requests[3].body, far.requests[3].ended) == (b"abcd", True)
    assert far.requests[3].trailers == [(b"x-sum", b"1")]
    far.answer(3, body=b"e", trailers=((b"x-sum", b"2"),))
    story.client_gets(200, b"e", trailers=[(b"x-sum", b"2")])
    leave(story, far)


def test_trailers_of_which_none_may_go_on_are_an_end_without_any(story: Scenario) -> None:
    story.client(CHUNKED + b"1\r\na\r\n0\r\nhost: y\r\n\r\n")
    far = origin(story)
    assert (far.requests[1].ended, far.requests[1].trailers) == (True, [])
    assert not [each for each in far.events if isinstance(each, TrailersReceived)], "no empty block"
    far.answer(1, body=b"e", trailers=((b"x-real-ip", b"6.6.6.6"),))
    story.client_gets(200, b"e", trailers=[])
    leave(story, far)


def test_head_and_304_have_a_length_and_no_body(story: Scenario) -> None:
    story.client(GET.replace(b"GET", b"HEAD"))
    far = origin(story)
    far.answer(1, fields=((b"content-length", b"5"),))
    story.client_gets(200, b"", field=(b"content-length", b"5"), bodiless=True)
    story.client(GET)
    far.hear()
    far.answer(3, 304, fields=((b"etag", b'"a"'),))
    story.client_gets(304, b"")
    leave(story, far)


def test_an_answer_without_a_body_says_so(story: Scenario) -> None:
    story.client(GET)
    far = origin(story)
    far.answer(1, 200)
    story.client_gets(200, b"", field=(b"content-length", b"0"))
    leave(story, far)


def test_interim_answers_go_on_and_a_hundred_is_said_once(story: Scenario) -> None:
    story.client(POST.replace(b"host", b"expect: 100-continue\r\nhost"))
    far = origin(story)
    assert far.requests[1].get(b"expect") == b"100-continue"
    far.say(("send_headers", (1, [(b":status", b"100")])))
    story.client_gets(100)
    far.say(("send_headers", (1, [(b":status", b"103"), (b"link", b"</a>")])))
    story.client_gets(103, field=(b"link", b"</a>"))
    story.client(b"abc")
    far.hear()
    assert far.requests[1].ended
    far.answer(1)
    story.client_gets(200)
    leave(story, far)


def test_too_many_interim_answers_are_refused(story: Scenario) -> None:
    story.client(GET)
    far = origin(story)
    far.say(*(("send_headers", (1, [(b":status", b"103")])) for _ in range(17)))
    for _ in range(16):
        story.client_gets(103)
    story.client_gets(502).ended(1, "http_protocol_error")
    assert far.requests[1].reset == 8
    leave(story, far)


def test_an_answer_that_ends_before_its_request_gives_the_rest_up(story: Scenario) -> None:
    story.client(POST + b"a")
    far = origin(story)
    far.answer(1, 413, b"no")
    story.client_gets(413, b"no")
    assert far.requests[1].reset == 0
    leave(story, far)


def test_a_client_that_leaves_cancels_the_stream_alone(story: Scenario) -> None:
    story.client(GET)
    far = origin(story)
    story.connects().client(GET)
    far.hear()
    story.client_leaves(0)
    far.hear()
    assert (far.requests[1].reset, far.requests[3].reset) == (8, None)
    far.answer(3)
    story.client_gets(200, at=1).ended(2)
    leave(story, far)


@pytest.mark.parametrize(
    ("fields", "body", "word"),
    [
        ([(b":status", b"200"), (b"content-length", b"9")], b"short", "http_protocol_error"),
        ([(b":status", b"200"), (b"content-length", b"1")], b"long", "http_protocol_error"),
        ([(b":status", b"200"), (b"connection", b"close")], b"", "http_protocol_error"),
        ([(b":status", b"200"), (b"A", b"b")], b"", "http_protocol_error"),
        ([(b":status", b"101")], b"a", "http_protocol_error"),
        ([(b":status", b"999")], b"", "http_protocol_error"),
        ([(b":status", b"200"), (b"a", b"b\r\nc: d")], b"", "http_protocol_error"),
        ([(b"a", b"b")], b"", "http_protocol_error"),
        (
            [(b":status", b"200"), *[(b"a%d" % n, b"") for n in range(129)]],
            b"",
            "http_response_header_section_size",
        ),
    ],
)
def test_a_malformed_answer_is_no_answer(
    story: Scenario, fields: list[tuple[bytes, bytes]], body: bytes, word: str
) -> None:
    story.client(GET)
    far = origin(story)
    far.h2.config.validate_outbound_headers = False
    far.h2.send_headers(1, fields, end_stream=not body)
    if body:
        far.h2.send_data(1, body, end_stream=True)
    far.flush()
    if fields[1:2] == [(b"content-length", b"9")] or fields[1:2] == [(b"content-length", b"1")]:
        story.ended(1, word)
        story.client_sees("closed" if story.clients[0].transport.seen == "closed" else "reset")
        story.clients[0].transport.arrived.clear()
    else:
        story.client_gets(502).ended(1, word)
    story.advance(4.5)
    far.transport.arrived.clear()


@pytest.mark.parametrize(("fields", "size"), [(129, 1), (100, 1000)])
def test_trailers_have_the_bounds_of_a_head(story: Scenario, fields: int, size: int) -> None:
    story.client(GET)
    far = origin(story)
    trailers = tuple((b"x%d" % number, b"a" * size) for number in range(fields))
    far.answer(1, body=b"abc", trailers=trailers)
    story.ended(1, "http_response_header_section_size").client_sees("closed")
    story.clients[0].transport.arrived.clear()
    assert far.requests[1].reset in (None, 8)
    story.advance(4.5)
    far.transport.arrived.clear()


# --- backpressure --------------------------------------------------------------------------------


def send_a_window(far: H2Origin, window: int) -> bool:
    """Send as much, if it may be sent."""
    if not far.h2.local_flow_control_window(1):
        return False
    assert far.h2.local_flow_control_window(1) == window
    far.more(1, b"x" * window)
    return True


def test_of_what_a_client_does_not_take_no_more_than_a_window_comes(story: Scenario) -> None:
    story.client(GET)
    far = origin(story)
    story.client_full()
    window = far.h2.local_flow_control_window(1)
    far.answer(1, end=False)
    most = 2 * HIGH // window
    came = next(n for n in range(most) if not send_a_window(far, window))
    assert came * window <= HIGH + window
    story.connects().client(GET)
    far.hear()
    far.answer(3, body=b"y")
    story.client_gets(200, b"y", at=1)
    story.client_drained(at=0)
    far.hear()
    assert far.h2.local_flow_control_window(1) >= window // 2
    far.more(1, b"z", end=True)
    story.client_gets(200, b"x" * came * window + b"z", at=0)
    leave(story, far)


def test_a_client_is_not_read_from_while_its_origin_takes_nothing(story: Scenario) -> None:
    size = 400_000
    story.client(POST.replace(b" 3", b" %d" % size) + b"a" * 100)
    far = origin(story)
    far.stingy = True
    story.client(b"a" * 60_000).client(b"a" * 60_000).client_is_read()
    far.hear()
    story.client(b"a" * 150_000).client_is_read(False)
    far.hear()
    assert len(far.requests[1].body) == 65535
    far.h2.increment_flow_control_window(size, 1)
    far.h2.increment_flow_control_window(size)
    far.flush()
    story.client_is_read()
    far.hear()
    story.client(b"a" * (size - 270_100))
    far.hear()
    assert (len(far.requests[1].body), far.requests[1].ended) == (size, True)
    far.answer(1)
    story.client_gets(200)
    leave(story, far)


def test_a_full_socket_holds_the_client_too(story: Scenario) -> None:
    story.client(GET)
    far = origin(story)
    far.h2.increment_flow_control_window(1 << 20)
    far.answer(1)
    story.client_gets(200).upstream_full()
    story.client(POST.replace(b" 3", b" 500000"))
    for _ in range(5):
        story.client(b"a" * 60_000)
    story.client_is_read(False)
    story.upstream_drained()
    far.hear()
    far.hear()
    story.client_is_read()
    story.client(b"a" * 200_000)
    far.hear()
    assert len(far.requests[3].body) == 500_000
    far.answer(3)
    story.client_gets(200)
    leave(story, far)


# --- signs of life -------------------------------------------------------------------------------


def test_a_dead_connection_is_found_in_seconds(scenario: Make) -> None:
    story = spoken(scenario(endpoints=2))
    story.client(GET)
    origin(story)
    story.advance(QUIET + PATIENCE + 1)
    other = origin(story)
    assert other.requests[1].ended
    other.answer(1)
    story.client_gets(200).upstream_sees("closed", at=0)
    story.upstreams[0].transport.arrived.clear()
    leave(story, other)


def test_while_it_is_doubted_nobody_is_put_on_it(story: Scenario) -> None:
    story.client(GET)
    far = origin(story)
    story.advance(QUIET + 0.5)
    story.connects().client(GET)
    story.dialled(2)
    other = origin(story)
    far.hear()
    far.answer(1)
    other.answer(1)
    story.client_gets(200, at=0).client_gets(200, at=1)
    leave(story, far, other)


def test_who_answers_pings_is_waited_for_and_not_asked_often(story: Scenario) -> None:
    story.client(GET)
    far = origin(story)
    for _ in range(50):
        story.advance(1)
        far.hear()
    names = [type(event).__name__ for event in far.events]
    assert names.count("PingReceived") == 1
    far.answer(1)
    story.client_gets(200)
    leave(story, far)


def test_without_streams_nobody_is_asked(story: Scenario) -> None:
    story.client(GET)
    far = origin(story)
    far.answer(1)
    story.client_gets(200)
    story.endpoints[0].connections.idle_timeout = 100.0  # type: ignore[attr-defined]
    story.client(GET)
    far.hear()
    far.answer(3)
    story.client_gets(200)
    story.advance(50)
    assert not [each for each in far.hear() if type(each).__name__ == "PingReceived"]
    story.upstream_sees("open").advance(51)
    far.hear()


class Refuses(Filter):
    """Answers in place of the origin."""

    def on_upstream_response(self, exchange: Exchange) -> Response:
        return Response(403, (), b"no")


@pytest.mark.parametrize("is_whole", [True, False])
def test_one_in_whose_place_another_answers_is_let_go_of(scenario: Make, is_whole: bool) -> None:
    story = spoken(scenario(filters=[Refuses()])).client(GET)
    far = origin(story)
    if is_whole:
        far.answer(1, body=b"hello")
    else:
        far.answer(1, body=b"hel", end=False)
    story.client_gets(403, b"no").ended(1, "")
    far.hear()
    assert (far.requests[1].reset is not None) == (not is_whole)
    story.client(GET)
    far.hear()
    far.answer(3, body=b"hello")
    story.client_gets(403, b"no").dialled(1)
    leave(story, far)
