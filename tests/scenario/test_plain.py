"""The usual exchange: bodies of all kinds, keep-alive on both sides, pipelining."""

from collections.abc import Callable

import pytest

from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


def test_a_request_goes_to_the_origin_and_its_answer_back(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a", b"", field=(b"host", b"x"))
        .upstream(OK)
        .client_gets(200, b"hi", field=(b"content-length", b"2"))
        .ended(1, "")
        .client_sees("open")
        .upstream_sees("open")
    )


def test_the_next_request_takes_the_same_connections(scenario: Make) -> None:
    story = scenario()
    for _ in range(3):
        story.client(GET).upstream_gets(b"GET /a").upstream(OK).client_gets(200, b"hi")
    story.dialled(1).ended(3, "")


def test_the_connection_used_last_is_used_first(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .connects()
        .client(GET)
        .upstream_gets(b"GET /a", at=0)
        .upstream_gets(b"GET /a", at=1)
        .upstream(OK, at=1)
        .client_gets(200, b"hi")
        .upstream(OK, at=0)
        .client_gets(200, b"hi", at=0)
        .client(GET)
        .upstream_gets(b"GET /a", at=0)
        .upstream(OK, at=0)
        .client_gets(200, b"hi")
        .dialled(2)
    )


def test_pipelined_requests_are_answered_in_order(scenario: Make) -> None:
    (
        scenario()
        .client(GET + GET.replace(b"/a", b"/b") + GET.replace(b"/a", b"/c"))
        .upstream_gets(b"GET /a")
        .upstream_gets_nothing()
        .upstream(OK)
        .client_gets(200, b"hi")
        .upstream_gets(b"GET /b")
        .upstream(OK)
        .client_gets(200, b"hi")
        .upstream_gets(b"GET /c")
        .upstream(OK)
        .client_gets(200, b"hi")
        .ended(3, "")
    )


def test_an_upload_reaches_the_origin_while_it_arrives(scenario: Make) -> None:
    (
        scenario()
        .client(b"POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\nab")
        .upstream_gets(b"POST /up", b"ab", end=False)
        .client(b"cd")
        .upstream_gets(body=b"cd", end=False)
        .client(b"ef")
        .upstream_gets(body=b"ef")
        .upstream(OK)
        .client_gets(200, b"hi")
    )


def test_a_chunked_upload_stays_chunked(scenario: Make) -> None:
    (
        scenario()
        .client(b"POST /up HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n")
        .upstream_gets(b"POST /up", b"ab", end=False, field=(b"transfer-encoding", b"chunked"))
        .client(b"1\r\nc\r\n0\r\n\r\n")
        .upstream_gets(body=b"c")
        .upstream(OK)
        .client_gets(200, b"hi")
    )


def test_each_chunk_of_an_answer_leaves_at_once(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        .client_gets(200, b"", end=False)
        .upstream(b"2\r\nab\r\n")
        .client_gets(body=b"ab", end=False)
        .upstream(b"1\r\nc\r\n0\r\n\r\n")
        .client_gets(body=b"c")
        .ended(1, "")
        .upstream_sees("open")
    )


def test_an_answer_that_its_close_ends_becomes_chunked(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 OK\r\n\r\nab")
        .client_gets(200, b"ab", end=False, field=(b"transfer-encoding", b"chunked"))
        .upstream_eof()
        .client_gets(body=b"")
        .client_sees("open")
        .upstream_sees("closed")
    )


def test_http_1_0_gets_no_chunks_but_a_close(scenario: Make) -> None:
    (
        scenario()
        .client(b"GET /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n")
        .client_gets(200, b"a", end=False, field=(b"connection", b"close"))
        .upstream(b"1\r\nb\r\n0\r\n\r\n")
        .client_gets(body=b"b")
        .client_sees("closed")
    )


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body_end_with_their_head(scenario: Make, status: int) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 %d X\r\netag: 1\r\n\r\n" % status)
        .client_gets(status, b"", field=(b"etag", b"1"))
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, b"hi")
        .dialled(1)
    )
