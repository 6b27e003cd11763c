"""Origins are distrusted: a malformed answer is 502 and its connection is thrown away."""

from collections.abc import Callable

import pytest

from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


@pytest.mark.parametrize(
    "answer",
    [
        b"hello\r\n\r\n",
        b"HTTP/0.9 200 OK\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 099 X\r\n\r\n",
        b"HTTP/1.1 600 X\r\n\r\n",
        b"HTTP/1.1 20 X\r\n\r\n",
        b"HTTP/1.1  200 X\r\n\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\nx: y\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx : y\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: y\r\n z\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: \x00\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: xchunked\r\n\r\n",
        b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
    ],
)
def test_a_malformed_head_is_502(scenario: Make, answer: bytes) -> None:
    (
        scenario(endpoints=2)
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(answer)
        .client_gets(502, b"http_protocol_error")
        .upstream_sees("closed")
        .client_sees("open")
        .dialled(0, at=1)
    )


@pytest.mark.parametrize(
    "chunks", [b"2\r\nabcd\r\n", b"zz\r\n", b"2\nab", b"1;\x01\r\na\r\n", b"-1\r\n", b"1\r\na\n"]
)
def test_malformed_chunks_end_the_answer_where_it_is(scenario: Make, chunks: bytes) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        .upstream(chunks)
        .client_gets(200, b"", end=False)
        .client_sees("closed")
        .upstream_sees("closed")
        .ended(1, "http_protocol_error")
    )


def test_a_head_over_the_limit_is_502(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 129 + b"\r\n")
        .client_gets(502, b"http_response_header_section_size")
    )


def test_an_answer_over_before_its_request_is_never_followed_by_another(scenario: Make) -> None:
    upload = b"POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nab"
    (
        scenario()
        .client(upload)
        .upstream_gets(b"POST /up", b"ab", end=False)
        .upstream(OK + OK)
        .client_gets(200, b"hi")
        .upstream_sees("closed", at=0)
        .client(b"cd" + GET)
        .upstream_gets(b"GET /a", at=1)
        .upstream(OK)
        .client_gets(200, b"hi")
    )
