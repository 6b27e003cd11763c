"""HEAD: the head of the answer that GET would get, and no byte more."""

from collections.abc import Callable

import pytest

from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"

HEAD = b"HEAD /a HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.mark.parametrize(
    "field", [b"content-length: 5", b"transfer-encoding: chunked", b"x-none: of both"]
)
def test_an_answer_to_head_ends_with_its_head(scenario: Make, field: bytes) -> None:
    (
        scenario()
        .client(HEAD + GET)
        .upstream_gets(b"HEAD /a")
        .upstream(b"HTTP/1.1 200 OK\r\n" + field + b"\r\n\r\n")
        .client_gets(200, b"", bodiless=True)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200, b"hi")
        .dialled(1)
    )


def test_the_length_of_the_answer_to_head_is_passed_on(scenario: Make) -> None:
    (
        scenario()
        .client(HEAD)
        .upstream_gets(b"HEAD /a")
        .upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")
        .client_gets(200, bodiless=True, field=(b"content-length", b"5"))
        .client_sees("open")
    )


def test_a_body_behind_the_answer_to_head_is_never_the_next_answer(scenario: Make) -> None:
    (
        scenario()
        .client(HEAD)
        .upstream_gets(b"HEAD /a")
        .upstream(OK)
        .client_gets(200, b"", bodiless=True)
        .upstream_sees("closed")
    )


def test_an_error_page_for_head_has_no_body(scenario: Make) -> None:
    (
        scenario()
        .endpoint("refuses")
        .client(HEAD)
        .client_gets(502, b"", bodiless=True)
        .client_sees("open")
    )
