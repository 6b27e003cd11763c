"""Every timeout counts silence, never the whole."""

from collections.abc import Callable

import pytest

from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"

UPLOAD = b"POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n"
BEGUN = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab"
BIG = b"x" * 70_000


def test_connect_5_seconds(scenario: Make) -> None:
    (
        scenario()
        .endpoint("hangs")
        .client(GET)
        .advance(seconds=4.5)
        .client_gets_nothing()
        .advance(seconds=1)
        .client_gets(504, b"connection_timeout")
        .client_sees("open")
    )


def test_head_15_seconds_from_its_first_byte(scenario: Make) -> None:
    (
        scenario()
        .connects()
        .advance(seconds=30)
        .client(GET[:5])
        .advance(seconds=10)
        .client(GET[5:9])
        .advance(seconds=4)
        .client_gets_nothing()
        .advance(seconds=2)
        .client_gets(408, b"http_request_timeout", field=(b"connection", b"close"))
        .client_sees("half-closed")
    )


def test_a_head_behind_an_answer_has_its_own_15_seconds(scenario: Make) -> None:
    (
        scenario()
        .client(GET + GET[:5])
        .upstream_gets(b"GET /a")
        .advance(seconds=30)
        .upstream(OK)
        .client_gets(200)
        .advance(seconds=14)
        .client_gets_nothing()
        .advance(seconds=2)
        .client_gets(408)
    )


def test_response_60_seconds_from_the_requests_last_byte(scenario: Make) -> None:
    (
        scenario()
        .client(UPLOAD + b"abc")
        .upstream_gets(b"POST /up", b"abc", end=False)
        .advance(seconds=50)
        .client(b"defghi")
        .upstream_gets(body=b"defghi")
        .advance(seconds=59)
        .client_gets_nothing()
        .advance(seconds=2)
        .client_gets(504, b"http_response_timeout")
        .upstream_sees("closed")
        .client_sees("open")
    )


def test_an_interim_answer_starts_the_wait_anew(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .advance(seconds=50)
        .upstream(b"HTTP/1.1 102 Processing\r\n\r\n")
        .client_gets(102)
        .advance(seconds=50)
        .upstream(OK)
        .client_gets(200)
    )


def test_a_silent_upload_60_seconds(scenario: Make) -> None:
    (
        scenario()
        .client(UPLOAD + b"abc")
        .upstream_gets(b"POST /up", b"abc", end=False)
        .advance(seconds=55)
        .client(b"d")
        .upstream_gets(body=b"d", end=False)
        .advance(seconds=55)
        .client_gets_nothing()
        .advance(seconds=6)
        .client_gets(408, b"http_request_timeout")
        .upstream_sees("closed")
    )


def test_a_silent_answer_60_seconds(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(BEGUN)
        .client_gets(200, b"ab", end=False)
        .advance(seconds=55)
        .upstream(b"c")
        .client_gets(body=b"c", end=False)
        .advance(seconds=55)
        .client_sees("open")
        .advance(seconds=6)
        .client_sees("closed")
        .upstream_sees("closed")
        .ended(1, "connection_read_timeout")
    )


def test_a_client_that_reads_nothing_60_seconds(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .client_full()
        .upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n" + BIG)
        .advance(seconds=125)
        .client_sees("reset")
        .upstream_sees("closed")
        .ended(1, "client_gone")
    )


def test_a_client_that_reads_slowly_is_served_for_ever(scenario: Make) -> None:
    story = (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .client_full()
        .upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n" + BIG)
    )
    for _ in range(6):
        story.advance(seconds=50).client_drained(most=100).ended(0)
    story.client_drained().client_gets(200, BIG, end=False)


def test_an_origin_that_takes_nothing_60_seconds(scenario: Make) -> None:
    (
        scenario()
        .client(UPLOAD.replace(b"9", b"999999"))
        .upstream_gets(b"POST /up", end=False)
        .upstream_full()
        .client(BIG)
        .advance(seconds=125)
        .client_gets(504, b"http_response_timeout")
        .upstream_sees("closed")
    )


def test_an_origin_that_takes_slowly_is_sent_to_for_ever(scenario: Make) -> None:
    story = (
        scenario()
        .client(UPLOAD.replace(b"9", b"999999"))
        .upstream_gets(b"POST /up", end=False)
        .upstream_full()
        .client(BIG)
    )
    for _ in range(6):
        story.advance(seconds=50).upstream_drained(most=100).ended(0)
    story.upstream_drained().upstream_gets(body=BIG, end=False)


def test_a_whole_request_that_leaves_slowly_is_waited_for(scenario: Make) -> None:
    story = (
        scenario()
        .client(UPLOAD.replace(b"9", b"70000"))
        .upstream_gets(b"POST /up", end=False)
        .upstream_full()
        .client(BIG)
    )
    for _ in range(6):
        story.advance(seconds=50).upstream_drained(most=100).ended(0)
    story.upstream_drained().upstream_gets(body=BIG).upstream(OK).client_gets(200)


@pytest.mark.parametrize("asked", [False, True])
def test_keep_alive_75_seconds(scenario: Make, asked: bool) -> None:
    story = scenario().connects()
    if asked:
        story.client(GET).upstream_gets(b"GET /a").upstream(OK).client_gets(200)
    story.advance(seconds=74).client_sees("open").advance(seconds=2).client_sees("closed")
    story.client_gets_nothing()


def test_a_kept_origin_connection_4_seconds(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
        .advance(seconds=3.5)
        .upstream_sees("open")
        .advance(seconds=1)
        .upstream_sees("closed")
    )


def test_a_busy_connection_is_never_taken_for_idle(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
        .advance(seconds=3)
        .client(GET)
        .upstream_gets(b"GET /a")
        .advance(seconds=50)
        .upstream(OK)
        .client_gets(200)
    )


def test_a_last_answer_that_is_never_read_does_not_stay_for_ever(scenario: Make) -> None:
    (
        scenario()
        .client(GET.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
        .upstream_gets(b"GET /a")
        .client_full()
        .upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 30000\r\n\r\n" + b"x" * 30_000)
        .ended(1, "")
        .advance(seconds=125)
        .client_sees("reset")
    )


def test_a_last_answer_that_is_read_slowly_arrives_whole(scenario: Make) -> None:
    story = (
        scenario()
        .client(GET.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
        .upstream_gets(b"GET /a")
        .client_full()
        .upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 30000\r\n\r\n" + b"x" * 30_000)
    )
    for _ in range(6):
        story.advance(seconds=50).client_drained(most=100).client_sees("open")
    story.client_drained().client_gets(200, b"x" * 30_000).client_sees("closed")


def test_an_early_answer_that_is_read_slowly_outlasts_the_linger(scenario: Make) -> None:
    story = (
        scenario()
        .client(UPLOAD.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
        .upstream_gets(b"POST /up", end=False)
        .client_full()
        .upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 30000\r\n\r\n" + b"x" * 30_000)
    )
    for _ in range(6):
        story.advance(seconds=50).client_drained(most=100).client_sees("open")
    story.client_drained().client_gets(200, b"x" * 30_000).client_sees("half-closed")
    story.advance(seconds=65).client_sees("closed")
