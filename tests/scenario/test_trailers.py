"""Trailers, both ways (RFC 9110 6.5)."""

from collections.abc import Callable

from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"

CHUNKED_POST = b"POST /up HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
BODY = b"2\r\nab\r\n0\r\nx-sum: 7\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
SUM = (b"x-sum", b"7")


def test_trailers_reach_the_origin(scenario: Make) -> None:
    (
        scenario()
        .client(CHUNKED_POST)
        .upstream_gets(b"POST /up", b"", end=False)
        .client(BODY)
        .upstream_gets(body=b"ab", trailers=[SUM])
        .upstream(OK)
        .client_gets(200, b"hi")
    )


def test_trailers_that_came_before_a_connection_was_made_reach_the_origin(scenario: Make) -> None:
    (
        scenario()
        .client(CHUNKED_POST + BODY)
        .upstream_gets(b"POST /up", b"ab", trailers=[SUM])
        .upstream(OK)
        .client_gets(200, b"hi")
        .client(CHUNKED_POST + BODY)
        .upstream_gets(b"POST /up", b"ab", trailers=[SUM])
        .upstream(OK)
        .client_gets(200, b"hi")
    )


def test_trailers_are_sent_again_with_a_repeated_request(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
        .client(CHUNKED_POST.replace(b"POST", b"PUT") + BODY)
        .upstream_gets(b"PUT /up", b"ab", trailers=[SUM])
        .upstream_eof()
        .upstream_gets(b"PUT /up", b"ab", trailers=[SUM])
        .upstream(OK)
        .client_gets(200, b"hi")
    )


def test_trailers_reach_the_client(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(ANSWER + BODY)
        .client_gets(200, b"ab", trailers=[SUM])
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(ANSWER)
        .upstream(BODY)
        .client_gets(200, b"ab", trailers=[SUM])
    )


def test_forbidden_trailers_are_dropped(scenario: Make) -> None:
    sly = b"0\r\nx-sum: 7\r\ncontent-type: a\r\nhost: y\r\nauthorization: me\r\n\r\n"
    (
        scenario()
        .client(CHUNKED_POST)
        .client(sly)
        .upstream_gets(b"POST /up", b"", trailers=[SUM])
        .upstream(ANSWER + sly)
        .client_gets(200, b"", trailers=[SUM])
    )


def test_http_1_0_gets_the_body_without_its_trailers(scenario: Make) -> None:
    (
        scenario()
        .client(b"GET /a HTTP/1.0\r\n\r\n")
        .upstream_gets(b"GET /a")
        .upstream(ANSWER + BODY)
        .client_gets(200, b"ab", trailers=[])
        .client_sees("closed")
    )
