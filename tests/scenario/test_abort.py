"""Aborts reach the other side at once, and nothing cut short looks whole."""

from collections.abc import Callable

import pytest

from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"

POST = b"POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\n"


def test_a_client_that_leaves_cancels_the_origins_work(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .client_leaves()
        .upstream_sees("closed")
        .ended(1, "client_gone")
    )


def test_a_client_that_leaves_inside_an_answer_cancels_the_rest(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab")
        .client_gets(200, b"ab", end=False)
        .client_leaves()
        .upstream_sees("closed")
        .ended(1, "client_gone")
    )


@pytest.mark.parametrize("how", ["client_leaves", "client_eof"])
def test_an_upload_cut_short_is_never_whole_at_the_origin(scenario: Make, how: str) -> None:
    story = scenario().client(POST + b"ab").upstream_gets(b"POST /up", b"ab", end=False)
    getattr(story, how)()
    story.upstream_sees("closed").client_sees("reset" if how == "client_eof" else "closed")
    story.ended(1, "client_gone")


def test_a_client_that_leaves_while_dialling_cancels_the_dial(scenario: Make) -> None:
    story = scenario().endpoint("hangs").client(GET).dialled(1).client_leaves()
    story.ended(1, "client_gone").endpoint("accepts")
    assert story.upstreams == []


@pytest.mark.parametrize("end", ["upstream_eof", "upstream_resets"])
@pytest.mark.parametrize(
    "framing", [b"content-length: 9\r\n\r\nab", b"transfer-encoding: chunked\r\n\r\n2\r\nab\r\n"]
)
def test_an_answer_cut_short_is_visible(scenario: Make, framing: bytes, end: str) -> None:
    story = (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 OK\r\n" + framing)
        .client_gets(200, b"ab", end=False)
    )
    getattr(story, end)()
    story.client_gets(body=b"", end=False).client_sees("closed")
    story.ended(1, "http_response_incomplete")


def test_an_answer_is_a_good_one_when_it_is_whole(scenario: Make) -> None:
    """Else who cuts each answer short would never be ejected."""
    story = scenario().client(GET).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab")
    assert story.endpoints[0].answered_at == 0
    story.upstream(b"cd").client_gets(200, b"abcd")
    assert story.endpoints[0].answered_at > 0


def test_a_stream_is_one_when_it_begins(scenario: Make) -> None:
    story = scenario().client(GET).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    assert story.endpoints[0].answered_at > 0
    story.client_gets(200, end=False).upstream(b"0\r\n\r\n").client_gets(body=b"")


def test_an_answer_cut_short_that_only_its_close_would_end_is_reset(scenario: Make) -> None:
    (
        scenario()
        .client(b"GET /a HTTP/1.0\r\n\r\n")
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n")
        .client_gets(200, b"ab", end=False)
        .upstream_eof()
        .client_sees("reset")
    )


def test_a_reset_does_not_end_an_answer_that_its_close_would(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 OK\r\n\r\nab")
        .client_gets(200, b"ab", end=False)
        .upstream_resets()
        .client_gets(body=b"", end=False)
        .client_sees("closed")
        .ended(1, "http_response_incomplete")
    )


def test_an_origin_that_closes_before_it_answers_is_502(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream_eof()
        .client_gets(502, b"connection_terminated")
        .client_sees("open")
        .dialled(1)
    )


def test_a_head_cut_short_is_502(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200")
        .upstream_eof()
        .client_gets(502, b"http_response_incomplete")
    )


def test_an_idle_origin_connection_that_closes_is_forgotten(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
        .upstream_eof()
        .upstream_sees("closed")
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
        .dialled(2)
    )


def test_what_an_idle_origin_says_unasked_is_never_an_answer(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
        .upstream(OK)
        .upstream_sees("closed")
        .client_gets_nothing()
    )


def test_more_bytes_than_announced_are_never_the_next_answer(scenario: Make) -> None:
    (
        scenario()
        .client(GET + GET)
        .upstream_gets(b"GET /a")
        .upstream(OK + OK)
        .client_gets(200, b"hi")
        .upstream_sees("closed", at=0)
        .upstream_gets(b"GET /a", at=1)
        .upstream(OK, at=1)
        .client_gets(200, b"hi")
    )


def test_a_connection_that_the_origin_closes_is_not_used_again(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi")
        .client_gets(200, b"hi", without=b"connection")
        .upstream_sees("closed")
        .client_sees("open")
    )
