"""What is sent again, where, and what never is (RFC 9110 9.2.2)."""

from collections.abc import Callable

import pytest

from porch.balance.endpoint import FAILED
from porch.config.schema_retry import RetryModel
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"

POST = b"POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nab"


def used(story: Scenario) -> Scenario:
    """One connection that has served before."""
    return story.client(GET).upstream_gets(b"GET /a").upstream(OK).client_gets(200)


@pytest.mark.parametrize("end", ["upstream_eof", "upstream_resets"])
@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"QUERY"])
def test_a_reused_connection_that_closed_is_replaced(
    scenario: Make, method: bytes, end: str
) -> None:
    story = used(scenario()).client(GET.replace(b"GET", method)).upstream_gets(method + b" /a")
    getattr(story, end)()
    story.upstream_gets(method + b" /a").upstream(OK.replace(b"2\r\n\r\nhi", b"0\r\n\r\n"))
    story.client_gets(200, bodiless=method == b"HEAD").dialled(2).ended(2, "")


@pytest.mark.parametrize("method", [b"POST", b"PATCH", b"LOCK"])
def test_a_request_that_may_have_had_an_effect_is_never_sent_again(
    scenario: Make, method: bytes
) -> None:
    (
        used(scenario(endpoints=2))
        .client(POST.replace(b"POST", method))
        .upstream_gets(method + b" /up", b"ab")
        .upstream_eof()
        .client_gets(502, b"connection_terminated")
        .dialled(1)
        .dialled(0, at=1)
    )


@pytest.mark.parametrize("first", [b"H", b"HTTP/1.1 103 X\r\n\r\n", OK[:-1]])
@pytest.mark.parametrize("end", ["upstream_eof", "upstream_resets"])
def test_nothing_is_sent_again_once_a_byte_came(scenario: Make, first: bytes, end: str) -> None:
    story = used(scenario(endpoints=2)).client(GET).upstream_gets(b"GET /a").upstream(first)
    if b"103" in first:
        story.client_gets(103)
    getattr(story, end)()
    if first == OK[:-1]:
        story.client_gets(200, b"h", end=False).client_sees("closed")
    else:
        story.client_gets(502, b"http_response_incomplete")
    story.dialled(1).dialled(0, at=1)


def test_a_request_that_a_new_connection_lost_goes_to_the_next_endpoint(scenario: Make) -> None:
    (
        scenario(endpoints=2)
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream_eof()
        .upstream_gets(b"GET /a", at=1)
        .upstream(OK, at=1)
        .client_gets(200)
        .dialled(1)
        .dialled(1, at=1)
    )


def test_a_post_that_a_new_connection_lost_is_not_sent_again(scenario: Make) -> None:
    (
        scenario(endpoints=2)
        .client(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        .upstream_gets(b"POST /a")
        .upstream_eof()
        .client_gets(502, b"connection_terminated")
        .dialled(0, at=1)
    )


def test_a_replacement_is_a_new_connection_and_not_another_that_waited(scenario: Make) -> None:
    """They waited as long as the one that closed."""
    story = scenario().client(GET).connects().client(GET)
    for at in (0, 1):
        story.upstream_gets(b"GET /a", at=at).upstream(OK, at=at).client_gets(200, at=at)
    (
        story.client(GET)
        .upstream_gets(b"GET /a", at=1)
        .upstream_eof(at=1)
        .upstream_gets(b"GET /a", at=2)
        .upstream(OK, at=2)
        .client_gets(200)
        .upstream_gets_nothing(at=0)
    )


def test_a_body_that_was_held_is_sent_again_and_the_rest_follows(scenario: Make) -> None:
    put = b"PUT /up HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\n"
    (
        used(scenario())
        .client(put + b"ab")
        .upstream_gets(b"PUT /up", b"ab", end=False)
        .client(b"cd")
        .upstream_gets(body=b"cd", end=False)
        .upstream_eof()
        .upstream_gets(b"PUT /up", b"abcd", end=False)
        .client(b"ef")
        .upstream_gets(body=b"ef")
        .upstream(OK)
        .client_gets(200)
    )


def test_a_body_too_long_to_be_held_is_never_sent_again(scenario: Make) -> None:
    put = b"PUT /up HTTP/1.1\r\nhost: x\r\ncontent-length: 99999\r\n\r\n"
    (
        used(scenario())
        .client(put)
        .upstream_gets(b"PUT /up", end=False)
        .client(b"x" * 65_537)
        .upstream_gets(body=b"x" * 65_537, end=False)
        .upstream_eof()
        .client_gets(502, b"connection_terminated")
        .dialled(1)
    )


def test_a_refused_connection_leads_to_the_next_endpoint(scenario: Make) -> None:
    (
        scenario(endpoints=2)
        .endpoint("refuses")
        .client(POST)
        .upstream_gets(b"POST /up", b"ab")
        .upstream(OK)
        .client_gets(200)
        .dialled(1)
        .dialled(1, at=1)
        .ended(1, "")
    )


def test_a_connection_that_is_not_made_in_time_leads_to_the_next_endpoint(scenario: Make) -> None:
    (
        scenario(endpoints=2)
        .endpoint("hangs")
        .client(POST)
        .advance(seconds=6)
        .upstream_gets(b"POST /up", b"ab")
        .upstream(OK)
        .client_gets(200)
    )


def test_all_endpoints_refusing_is_one_clear_503(scenario: Make) -> None:
    (
        scenario(endpoints=2)
        .endpoint("refuses")
        .endpoint("refuses", at=1)
        .client(GET)
        .client_gets(503, b"destination_unavailable")
        .client_sees("open")
        .dialled(1)
        .dialled(1, at=1)
    )


def test_where_no_number_is_said_refusals_do_not_count(scenario: Make) -> None:
    """When most of a pool dies at once the last one that lives is found."""
    story = scenario(endpoints=8, retry=RetryModel())
    for at in range(7):
        story.endpoint("refuses", at=at)
    story.client(GET).upstream_gets(b"GET /a").upstream(OK).client_gets(200)


def test_no_more_endpoints_are_tried_than_the_route_says(scenario: Make) -> None:
    story = scenario(endpoints=3, retries=1)
    for at in range(3):
        story.endpoint("refuses", at=at)
    story.client(GET).client_gets(502)
    assert sorted(each.dials for each in story.dialers) == [0, 1, 1]


def test_no_retries_is_one_attempt(scenario: Make) -> None:
    story = scenario(endpoints=2, retries=0).endpoint("refuses").client(GET)
    story.client_gets(502, b"connection_refused").dialled(0, at=1)


def test_an_endpoint_that_refused_is_dialled_each_half_second_beside_the_requests(
    scenario: Make,
) -> None:
    story = scenario(endpoints=2).endpoint("refuses")

    def ask() -> None:
        story.client(GET).upstream_gets(b"GET /a", at=0).upstream(OK, at=0).client_gets(200)

    ask()
    story.dialled(1)
    ask()
    story.dialled(1).advance(seconds=0.75)
    ask()
    story.dialled(2)
    ask()
    story.dialled(2).advance(seconds=0.75).endpoint("accepts")
    ask()
    story.dialled(3)
    assert story.endpoints[0].out == {}


def test_the_only_endpoint_left_is_always_tried(scenario: Make) -> None:
    (
        scenario()
        .endpoint("refuses")
        .client(GET)
        .client_gets(502)
        .endpoint("accepts")
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
        .dialled(2)
    )


def test_an_origin_that_accepts_and_closes_at_once_is_not_waited_for(scenario: Make) -> None:
    story = scenario(endpoints=2)
    story.dialers[0].early = lambda transport: transport.feed_eof()
    story.client(POST).upstream_gets(b"POST /up", b"ab", at=1).upstream(OK).client_gets(200)


@pytest.mark.parametrize("early", ["feed_eof", "reset"])
def test_one_that_always_closes_at_once_is_502(scenario: Make, early: str) -> None:
    story = scenario()
    story.dialers[0].early = lambda transport: getattr(transport, early)()
    story.client(GET).client_gets(502)


def test_an_origin_that_speaks_first_is_502(scenario: Make) -> None:
    story = scenario()
    story.dialers[0].early = lambda transport: transport.feed(OK)
    story.client(GET).client_gets(502).upstream_gets_nothing()


def test_each_attempt_that_failed_is_counted_once_for_its_endpoint(scenario: Make) -> None:
    refused = scenario(endpoints=2).endpoint("refuses").client(GET).upstream_gets(b"GET /a")
    refused.upstream(OK).client_gets(200)
    assert [each.counts[FAILED] for each in refused.endpoints] == [1, 0]
    broken = scenario().client(GET).upstream_gets(b"GET /a")
    broken.upstream(b"HTTP/1.1 500 X\r\ncontent-length: 9\r\n\r\nhalf").upstream_resets()
    assert [each.counts[FAILED] for each in broken.endpoints] == [1]
    broken.give_up()
