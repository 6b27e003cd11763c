"""Clients that close their sending side behind their request."""

from collections.abc import Callable

import pytest

from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


def test_a_quick_answer_still_reaches_it(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .client_eof()
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, b"hi", field=(b"connection", b"close"))
        .client_sees("closed")
        .ended(1, "")
    )


def test_it_is_taken_for_gone_after_a_moment_of_silence(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .client_eof()
        .upstream_gets(b"GET /a")
        .advance(seconds=1)
        .upstream_sees("closed")
        .client_sees("reset")
        .ended(1, "client_gone")
    )


def test_it_is_taken_for_gone_also_where_a_connection_had_to_be_made(scenario: Make) -> None:
    (
        scenario()
        .endpoint("hangs")
        .client(GET)
        .client_eof()
        .advance(seconds=0.25)
        .endpoint("accepts")
        .upstream_gets(b"GET /a")
        .advance(seconds=1)
        .upstream_sees("closed")
        .ended(1, "client_gone")
    )


def test_it_is_taken_for_gone_also_while_dialling(scenario: Make) -> None:
    scenario().endpoint("hangs").client(GET).client_eof().advance(seconds=1).ended(1, "client_gone")


def test_a_client_that_left_a_silent_answer_is_found_out(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab")
        .client_gets(200, b"ab", end=False)
        .client_eof()
        .advance(seconds=1)
        .upstream_sees("closed")
        .ended(1, "client_gone")
    )


def test_an_answer_that_has_begun_is_sent_to_its_end(scenario: Make) -> None:
    (
        scenario()
        .client(GET)
        .client_eof()
        .upstream_gets(b"GET /a")
        .upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab")
        .upstream(b"cd")
        .client_gets(200, b"abcd")
        .client_sees("closed")
        .ended(1, "")
    )


def test_all_that_it_asked_for_before_is_answered(scenario: Make) -> None:
    (
        scenario()
        .client(GET + GET)
        .client_eof()
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, b"hi", without=b"connection")
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, b"hi", field=(b"connection", b"close"))
        .client_sees("closed")
        .ended(2, "")
    )


def test_half_a_request_is_not_waited_for(scenario: Make) -> None:
    (
        scenario()
        .client(GET + GET[:10])
        .client_eof()
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, b"hi")
        .client_sees("closed")
        .ended(1, "")
    )


@pytest.mark.parametrize("sent", [b"", GET[:10]])
def test_without_a_request_the_connection_closes(scenario: Make, sent: bytes) -> None:
    scenario().connects().client(sent or b"\r\n").client_eof().client_sees("closed").ended(0)


def test_over_tls_the_client_has_left(scenario: Make) -> None:
    (
        scenario(tls=True)
        .client(GET)
        .upstream_gets(b"GET /a")
        .client_eof()
        .client_sees("reset")
        .upstream_sees("closed")
        .ended(1, "client_gone")
    )
