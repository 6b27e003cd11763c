"""Refused requests: an answer, then a close behind which nothing is read as HTTP."""

from collections.abc import Callable

import pytest

from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: x\r\nhost: x\r\n\r\n", 400),
        (
            b"GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
            400,
        ),
        (b"GET / HTTP/1.1\r\nhost: x\r\nx y: z\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nhost: x\r\n", 400),
        (b"GET / HTTP/3.0\r\nhost: x\r\n\r\n", 505),
        (b"TRACE / HTTP/1.1\r\nhost: x\r\n\r\n", 405),
        (b"CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n", 405),
        (b"GET /" + b"a" * 16384 + b" HTTP/1.1\r\nhost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nhost: x\r\n" + b"x: y\r\n" * 128 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 65536 + b"\r\n\r\n", 431),
    ],
)
def test_a_refused_request_ends_the_connection(
    scenario: Make, request_: bytes, status: int
) -> None:
    (
        scenario()
        .client(request_ + GET)
        .client_gets(status, field=(b"connection", b"close"))
        .client_sees("half-closed")
        .client(GET)
        .client_gets_nothing()
        .ended(1)
        .advance(seconds=3)
        .client_sees("closed")
    )


def test_a_refused_request_behind_a_good_one_waits_for_its_answer(scenario: Make) -> None:
    (
        scenario()
        .client(GET + b"G@T\r\n\r\n")
        .upstream_gets(b"GET /a")
        .client_gets_nothing()
        .upstream(OK)
        .client_gets(200, b"hi")
        .client_gets(400)
        .client_sees("half-closed")
    )


@pytest.mark.parametrize(
    "rest", [b"zz\r\n", b"2\r\nabc\r\n", b"2\nab\r\n", b"1;=\r\na\r\n", b"0\r\nx y: z\r\n\r\n"]
)
def test_a_malformed_body_ends_exchange_and_connections(scenario: Make, rest: bytes) -> None:
    (
        scenario()
        .client(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        .upstream_gets(b"POST /", b"", end=False)
        .client(rest + GET)
        .client_gets(400, b"http_request_error", field=(b"connection", b"close"))
        .upstream_sees("closed")
        .client_sees("half-closed")
        .client(GET)
        .client_gets_nothing()
        .ended(1, "http_request_error")
    )


def test_a_malformed_body_behind_an_answer_that_has_begun_ends_it_there(scenario: Make) -> None:
    (
        scenario()
        .client(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
        .upstream_gets(b"POST /", b"", end=False)
        .upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab")
        .client(b"zz\r\n")
        .client_gets(200, b"ab", end=False)
        .client_sees("closed")
        .upstream_sees("closed")
    )


def test_a_refused_client_that_closes_frees_its_connection_at_once(scenario: Make) -> None:
    (
        scenario()
        .client(b"G@T / HTTP/1.1\r\n\r\n")
        .client_gets(400)
        .client_sees("half-closed")
        .client_eof()
        .client_sees("closed")
    )


def test_over_tls_a_refused_connection_closes_as_it_can(scenario: Make) -> None:
    (scenario(tls=True).client(b"G@T / HTTP/1.1\r\n\r\n").client_gets(400).client_sees("closed"))


def test_an_empty_line_before_a_request_is_ignored(scenario: Make) -> None:
    (
        scenario()
        .client(b"\r\n" + GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
        .client_sees("open")
    )
