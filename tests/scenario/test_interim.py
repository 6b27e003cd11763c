"""Interim answers (RFC 9110 15.2) and 100-continue (10.1.1)."""

from collections.abc import Callable

import pytest

from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"

EXPECTING = b"POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\nexpect: 100-continue\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def test_the_origins_100_lets_the_client_send_its_body(scenario: Make) -> None:
    (
        scenario()
        .client(EXPECTING)
        .upstream_gets(b"POST /up", b"", end=False, field=(b"expect", b"100-continue"))
        .client_gets_nothing()
        .upstream(CONTINUE)
        .client_gets(100)
        .client(b"ab")
        .upstream_gets(body=b"ab")
        .upstream(OK)
        .client_gets(200, b"hi")
        .client_sees("open")
    )


def test_a_second_100_is_swallowed(scenario: Make) -> None:
    (
        scenario()
        .client(EXPECTING)
        .upstream_gets(b"POST /up", end=False)
        .upstream(CONTINUE + CONTINUE)
        .client_gets(100)
        .client(b"ab")
        .upstream_gets(body=b"ab")
        .upstream(CONTINUE + OK)
        .client_gets(200, b"hi")
    )


def test_the_door_says_100_after_a_second_of_silence(scenario: Make) -> None:
    (
        scenario()
        .client(EXPECTING)
        .upstream_gets(b"POST /up", end=False)
        .advance(seconds=0.75)
        .client_gets_nothing()
        .advance(seconds=0.75)
        .client_gets(100)
        .upstream(CONTINUE)
        .client_gets_nothing()
        .client(b"ab")
        .upstream_gets(body=b"ab")
        .upstream(OK)
        .client_gets(200, b"hi")
    )


def test_a_client_that_does_not_wait_gets_no_100(scenario: Make) -> None:
    (
        scenario()
        .client(EXPECTING + b"a")
        .upstream_gets(b"POST /up", b"a", end=False)
        .upstream(CONTINUE)
        .client_gets_nothing()
        .advance(seconds=2)
        .client_gets_nothing()
        .client(b"b")
        .upstream_gets(body=b"b")
        .upstream(OK)
        .client_gets(200, b"hi")
    )


def test_a_final_answer_in_place_of_100_closes_the_connection(scenario: Make) -> None:
    """Nobody can know whether the body still comes: what follows may be a request or not."""
    (
        scenario()
        .client(EXPECTING)
        .upstream_gets(b"POST /up", end=False)
        .upstream(b"HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n")
        .client_gets(401, b"", field=(b"connection", b"close"))
        .client_sees("half-closed")
        .client(GET)
        .advance(seconds=3)
        .client_sees("closed")
        .ended(1, "")
    )


def test_an_expectation_is_passed_on_once_however_often_it_is_tried(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
        .client(EXPECTING.replace(b"POST", b"PUT"))
        .upstream_gets(b"PUT /up", end=False)
        .advance(seconds=1.5)
        .client_gets(100)
        .upstream_eof()
        .upstream_gets(b"PUT /up", end=False, without=b"expect")
        .advance(seconds=1.5)
        .client_gets_nothing()
        .client(b"ab")
        .upstream_gets(body=b"ab")
        .upstream(OK)
        .client_gets(200, b"hi")
    )


def test_103_is_forwarded(scenario: Make) -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n"
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(hint)
        .client_gets(103, field=(b"link", b"</a.css>"), without=b"date")
        .upstream(hint + OK)
        .client_gets(103)
        .client_gets(200, b"hi")
        .ended(1, "")
    )


def test_an_unasked_100_is_swallowed(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(CONTINUE)
        .client_gets_nothing()
        .upstream(CONTINUE + OK)
        .client_gets(200, b"hi")
        .upstream_sees("open")
    )


def test_http_1_0_gets_no_interim_answer(scenario: Make) -> None:
    (
        scenario()
        .client(EXPECTING.replace(b"HTTP/1.1", b"HTTP/1.0") + b"ab")
        .upstream_gets(b"POST /up", b"ab", without=b"expect")
        .upstream(CONTINUE + b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK)
        .client_gets(200, b"hi")
        .client_sees("closed")
    )


def test_interim_answers_are_bounded(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(CONTINUE * 17)
        .client_gets(502, b"http_protocol_error")
        .upstream_sees("closed")
        .ended(1, "http_protocol_error")
    )


@pytest.mark.parametrize("field", [b"content-length: 2", b"transfer-encoding: chunked"])
def test_an_interim_answer_with_content_is_502(scenario: Make, field: bytes) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 103 X\r\n" + field + b"\r\n\r\n")
        .client_gets(502)
        .upstream_sees("closed")
    )


def test_another_expectation_is_417(scenario: Make) -> None:
    (
        scenario()
        .client(EXPECTING.replace(b"100-continue", b"tea"))
        .client_gets(417)
        .upstream_gets_nothing()
        .ended(1, "http_request_error")
    )
