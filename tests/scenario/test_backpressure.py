"""A full side stops the reading of the other; nothing else holds data back."""

from collections.abc import Callable

from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"

BIG = b"x" * 70_000
ENDLESS = b"HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\n"
UPLOAD = b"POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: 999999\r\n\r\n"


def test_a_full_client_pauses_the_origin(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .client_full()
        .upstream(ENDLESS)
        .upstream_is_read()
        .upstream(BIG)
        .upstream_is_read(False)
        .upstream(BIG)
        .client_drained()
        .upstream_is_read()
        .client_gets(200, BIG + BIG, end=False)
    )


def test_a_full_origin_pauses_the_client(scenario: Make) -> None:
    (
        scenario()
        .client(UPLOAD)
        .upstream_gets(b"POST /up", end=False)
        .upstream_full()
        .client(BIG)
        .client_is_read(False)
        .client(BIG)
        .upstream_drained()
        .client_is_read()
        .upstream_gets(body=BIG + BIG, end=False)
    )


def test_a_client_is_not_read_far_ahead_of_a_connection(scenario: Make) -> None:
    (
        scenario()
        .endpoint("hangs")
        .client(UPLOAD + b"x" * 60_000)
        .client_is_read()
        .client(b"x" * 6_000)
        .client_is_read(False)
        .client(b"y")
        .endpoint("accepts")
        .client_is_read()
        .upstream_gets(b"POST /up", b"x" * 66_000 + b"y", end=False)
    )


def test_a_client_is_not_read_far_ahead_of_its_answer(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .client(GET * 3000)
        .client_is_read(False)
        .upstream(OK)
        .client_gets(200)
        .client_is_read()
        .upstream_gets(b"GET /a")
    )


def test_answers_do_not_pile_up_before_a_client_that_sends_but_never_reads(scenario: Make) -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n" + BIG
    (
        scenario()
        .client(GET)
        .client_full()
        .upstream_gets(b"GET /a")
        .client(GET * 2)
        .upstream(answer)
        .upstream_gets_nothing()
        .client(GET)
        .upstream_gets_nothing()
        .client_drained()
        .client_gets(200, BIG)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
        .upstream_gets(b"GET /a")
    )


def test_a_request_that_comes_while_the_last_answer_waits_is_not_read(scenario: Make) -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-length: 70000\r\n\r\n" + BIG
    (
        scenario()
        .client(GET)
        .client_full()
        .upstream_gets(b"GET /a")
        .upstream(answer)
        .client(GET)
        .client_is_read(False)
        .upstream_gets_nothing()
        .client_drained()
        .client_is_read()
        .client_gets(200, BIG)
        .upstream_gets(b"GET /a")
    )


def test_a_repeated_upload_is_read_on_though_the_first_origin_was_full(scenario: Make) -> None:
    put = b"PUT /up HTTP/1.1\r\nhost: x\r\ncontent-length: 65000\r\n\r\n"
    big = b"cookie: " + b"c" * 2_000 + b"\r\n"
    put = put.replace(b"content", big + b"content")
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
        .upstream_full()
        .client(put + b"x" * 64_000)
        .client_is_read(False)
        .upstream_eof()
        .upstream_gets(b"PUT /up", b"x" * 64_000, end=False)
        .client_is_read()
        .client(b"x" * 1_000)
        .upstream_gets(body=b"x" * 1_000)
    )


def test_an_idle_connection_is_read_though_its_last_answer_was_paused(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .client_full()
        .upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 70002\r\n\r\n" + BIG)
        .upstream_is_read(False)
        .upstream(b"yz")
        .client_drained()
        .client_gets(200, BIG + b"yz")
        .upstream_is_read()
    )


def test_chunks_of_any_size_pass(scenario: Make) -> None:
    (
        scenario()
        .client(UPLOAD.replace(b"content-length: 999999", b"transfer-encoding: chunked"))
        .upstream_gets(b"POST /up", end=False)
        .client(b"11170\r\n" + BIG + b"\r\n")
        .upstream_gets(body=BIG, end=False)
        .client(b"0\r\n\r\n")
        .upstream_gets(body=b"")
        .upstream(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        .upstream(b"11170\r\n" + BIG + b"\r\n0\r\n\r\n")
        .client_gets(200, BIG)
    )
