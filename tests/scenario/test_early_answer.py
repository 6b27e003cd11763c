"""An answer that is final while the request is still being sent; what becomes of the rest."""

from collections.abc import Callable

from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"

POST = b"POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\n"
BUSY = b"HTTP/1.1 503 X\r\ncontent-length: 2\r\n\r\nno"


def test_an_early_answer_reaches_the_client_at_once(scenario: Make) -> None:
    (
        scenario()
        .client(POST + b"ab")
        .upstream_gets(b"POST /up", b"ab", end=False)
        .upstream(BUSY)
        .client_gets(503, b"no")
        .ended(1, "")
    )


def test_an_early_answer_leaves_no_connection_to_reuse(scenario: Make) -> None:
    (
        scenario()
        .client(POST + b"ab")
        .upstream_gets(b"POST /up", b"ab", end=False)
        .upstream(BUSY)
        .client_gets(503)
        .upstream_sees("closed")
    )


def test_the_rest_of_the_request_is_thrown_away_and_the_next_one_is_served(scenario: Make) -> None:
    (
        scenario()
        .client(POST + b"ab")
        .upstream_gets(b"POST /up", b"ab", end=False)
        .upstream(BUSY)
        .client_gets(503)
        .client(b"cd")
        .client(b"ef")
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, b"hi")
        .dialled(2)
    )


def test_a_request_right_behind_the_rest_is_served(scenario: Make) -> None:
    (
        scenario()
        .client(POST + b"ab")
        .upstream_gets(b"POST /up", b"ab", end=False)
        .upstream(BUSY)
        .client_gets(503)
        .client(b"cdef" + GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, b"hi")
    )


def test_half_a_request_behind_the_rest_waits_for_its_other_half(scenario: Make) -> None:
    (
        scenario()
        .client(POST + b"ab")
        .upstream_gets(b"POST /up", b"ab", end=False)
        .upstream(BUSY)
        .client_gets(503)
        .client(b"cdef" + GET[:9])
        .client(GET[9:])
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, b"hi")
    )


def test_the_rest_of_a_chunked_request_is_thrown_away_too(scenario: Make) -> None:
    chunked = POST.replace(b"content-length: 6", b"transfer-encoding: chunked")
    (
        scenario()
        .client(chunked + b"2\r\nab\r\n")
        .upstream_gets(b"POST /up", b"ab", end=False)
        .upstream(BUSY)
        .client_gets(503)
        .client(b"2\r\ncd\r\n0\r\nx: y\r\n\r\n" + GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, b"hi")
    )


def test_a_malformed_rest_ends_the_connection(scenario: Make) -> None:
    chunked = POST.replace(b"content-length: 6", b"transfer-encoding: chunked")
    (
        scenario()
        .client(chunked)
        .upstream_gets(b"POST /up", end=False)
        .upstream(BUSY)
        .client_gets(503)
        .client(b"zz\r\n" + GET)
        .client_sees("half-closed")
        .client_gets_nothing()
        .ended(1)
    )


def test_a_rest_of_over_a_mebibyte_ends_the_connection(scenario: Make) -> None:
    chunked = POST.replace(b"content-length: 6", b"transfer-encoding: chunked")
    story = (
        scenario()
        .client(chunked)
        .upstream_gets(b"POST /up", end=False)
        .upstream(BUSY)
        .client_gets(503)
    )
    for _ in range(17):
        story.client_sees("open").client(b"10000\r\n" + b"x" * 65536 + b"\r\n")
    story.client_sees("half-closed").advance(seconds=3).client_sees("closed")


def test_a_rest_that_is_known_to_be_longer_ends_it_at_once(scenario: Make) -> None:
    (
        scenario()
        .client(POST.replace(b"6", b"99999999"))
        .upstream_gets(b"POST /up", end=False)
        .upstream(BUSY)
        .client_gets(503, field=(b"connection", b"close"))
        .client_sees("half-closed")
    )


def test_a_rest_that_never_comes_ends_the_connection(scenario: Make) -> None:
    (
        scenario()
        .client(POST)
        .upstream_gets(b"POST /up", end=False)
        .upstream(BUSY)
        .client_gets(503)
        .advance(seconds=4)
        .client_sees("open")
        .advance(seconds=4)
        .client_sees("closed")
    )


def test_an_upload_goes_on_behind_an_early_head(scenario: Make) -> None:
    (
        scenario()
        .client(POST + b"ab")
        .upstream_gets(b"POST /up", b"ab", end=False)
        .upstream(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nAB\r\n")
        .client_gets(200, b"AB", end=False)
        .client(b"cdef")
        .upstream_gets(body=b"cdef")
        .upstream(b"4\r\nCDEF\r\n0\r\n\r\n")
        .client_gets(body=b"CDEF")
        .upstream_sees("open")
        .client_sees("open")
    )


def test_a_refused_upload_is_read_on_though_its_reading_was_paused(scenario: Make) -> None:
    (
        scenario()
        .client(POST.replace(b"6", b"70001"))
        .upstream_gets(b"POST /up", end=False)
        .upstream_full()
        .client(b"x" * 70_000)
        .client_is_read(False)
        .upstream(BUSY)
        .client_gets(503)
        .client_is_read()
        .client(b"x" + GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, b"hi")
    )


def test_an_origin_that_never_took_the_request_is_not_used_again(scenario: Make) -> None:
    """All of the request was given to the transport, but the answer came before it left."""
    (
        scenario()
        .client(POST + b"ab")
        .upstream_gets(b"POST /up", b"ab", end=False)
        .upstream_full()
        .client(b"cdef")
        .upstream(BUSY)
        .client_gets(503)
        .client(GET)
        .upstream_gets(b"GET /a", at=1)
        .upstream(OK, at=1)
        .client_gets(200, b"hi")
        .dialled(2)
    )


def test_a_connection_that_its_origin_never_reads_is_not_kept_for_ever(scenario: Make) -> None:
    (
        scenario()
        .client(POST + b"ab")
        .upstream_gets(b"POST /up", b"ab", end=False)
        .upstream_full()
        .client(b"cdef")
        .upstream(BUSY)
        .client_gets(503)
        .advance(seconds=30)
        .upstream_sees("closed")
    )


def test_a_body_that_drips_on_behind_its_answer_is_left_soon(scenario: Make) -> None:
    story = scenario().client(b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 9999\r\n\r\na")
    story.upstream_gets(b"POST /a", b"a", end=False)
    story.upstream(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno").client_gets(413)
    for _ in range(4):
        story.client(b"a").advance(seconds=1)
    story.client_sees("open").client(b"a").advance(seconds=1.5).client_sees("half-closed")
    story.client(b"a").advance(seconds=2.5).client_sees("closed")


def test_one_that_comes_to_its_end_soon_leaves_the_connection_for_the_next(scenario: Make) -> None:
    story = scenario().client(b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\na")
    story.upstream_gets(b"POST /a", b"a", end=False)
    story.upstream(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno").client_gets(413)
    story.advance(seconds=4).client(b"abcd" + b"GET /b HTTP/1.1\r\nhost: x\r\n\r\n")
    story.upstream_gets(b"GET /b").advance(seconds=4).client_sees("open")
