"""Statuses for which another endpoint is asked, and when the origin's own answer goes through."""

from collections.abc import Callable
from typing import Any

import pytest

from porch.balance.budget import FLOOR, WINDOW
from porch.balance.endpoint import FAILED
from porch.balance.refused_answers import MOST_SPARED
from porch.config.schema_retry import RetryModel
from porch.exchange import HELD
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
POST = b"POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nab"
KEYED = POST.replace(b"\r\n\r\n", b'\r\nidempotency-key: "7"\r\n\r\n')
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
DOWN = b"HTTP/1.1 503 X\r\ncontent-length: 4\r\n\r\ndown"


def on(*statuses: int, **words: Any) -> RetryModel:
    return RetryModel(on=list(statuses), **words)


def answer(status: int, *lines: bytes) -> bytes:
    fields = b"".join(line + b"\r\n" for line in lines)
    return b"HTTP/1.1 %d X\r\n%bcontent-length: 0\r\n\r\n" % (status, fields)


def test_a_chosen_status_leads_to_the_next_endpoint(scenario: Make) -> None:
    (
        scenario(endpoints=2, retry=on(503))
        .client(GET)
        .upstream_gets(b"GET /a")
        .upstream(DOWN)
        .upstream_gets(b"GET /a", at=1)
        .upstream(OK, at=1)
        .client_gets(200, b"hi")
        .ended(1, "")
    )


def test_the_connection_of_a_refused_answer_that_is_whole_serves_on(scenario: Make) -> None:
    story = scenario(endpoints=2, retry=on(503)).client(GET)
    story.upstream_gets(b"GET /a").upstream(DOWN).upstream_sees("open", at=0)
    story.upstream_gets(b"GET /a", at=1).upstream(OK).client_gets(200)
    story.client(GET).upstream_gets(b"GET /a", at=0).upstream(OK, at=0).client_gets(200)
    story.dialled(1)


def test_one_that_is_not_whole_is_closed(scenario: Make) -> None:
    story = scenario(endpoints=2, retry=on(503)).client(GET).upstream_gets(b"GET /a")
    story.upstream(DOWN[:-2]).upstream_sees("closed", at=0)
    story.upstream_gets(b"GET /a", at=1).upstream(OK).client_gets(200)


def test_another_status_goes_through(scenario: Make) -> None:
    story = scenario(endpoints=2, retry=on(502, 504)).client(GET).upstream_gets(b"GET /a")
    story.upstream(DOWN).client_gets(503, b"down").dialled(0, at=1).ended(1, "")


def test_the_last_answer_goes_through_as_it_came(scenario: Make) -> None:
    story = scenario(endpoints=2, retry=on(503)).client(GET)
    story.upstream_gets(b"GET /a").upstream(DOWN)
    last = DOWN.replace(b"down", b"also").replace(b"\r\n\r\n", b"\r\nx-a: b\r\n\r\n")
    story.upstream_gets(b"GET /a", at=1).upstream(last)
    story.client_gets(503, b"also", field=(b"x-a", b"b")).ended(1, "")


def test_no_more_answers_are_refused_than_attempts(scenario: Make) -> None:
    story = scenario(endpoints=4, retry=on(503, attempts=1)).client(GET)
    story.upstream_gets(b"GET /a").upstream(DOWN)
    story.upstream_gets(b"GET /a", at=1).upstream(DOWN).client_gets(503, b"down")
    assert sum(each.dials for each in story.dialers) == 2


def test_an_only_endpoint_is_not_asked_again(scenario: Make) -> None:
    story = scenario(retry=on(503)).client(GET).upstream_gets(b"GET /a").upstream(DOWN)
    story.client_gets(503, b"down").dialled(1)


@pytest.mark.parametrize("status", [502, 503])
def test_a_post_is_not_sent_again_whatever_the_status(scenario: Make, status: int) -> None:
    story = scenario(endpoints=2, retry=on(502, 503)).client(POST).upstream_gets(b"POST /up", b"ab")
    story.upstream(answer(status)).client_gets(status).dialled(0, at=1)


def test_a_post_with_an_idempotency_key_is(scenario: Make) -> None:
    story = scenario(endpoints=2, retry=on(503)).client(KEYED).upstream_gets(b"POST /up", b"ab")
    story.upstream(DOWN).upstream_gets(b"POST /up", b"ab", at=1, field=(b"idempotency-key", b'"7"'))
    story.upstream(OK).client_gets(200)


def test_a_lost_post_with_an_idempotency_key_is_sent_again(scenario: Make) -> None:
    story = scenario(endpoints=2).client(KEYED).upstream_gets(b"POST /up", b"ab").upstream_eof()
    story.upstream_gets(b"POST /up", b"ab", at=1).upstream(OK).client_gets(200)


def test_a_client_that_was_told_of_an_answer_gets_that_answer(scenario: Make) -> None:
    story = scenario(endpoints=2, retry=on(503)).client(GET).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 103 X\r\nlink: a\r\n\r\n").client_gets(103)
    story.upstream(DOWN).client_gets(503, b"down").dialled(0, at=1)


def test_a_body_that_was_not_held_is_not_sent_again(scenario: Make) -> None:
    put = b"PUT /up HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % (HELD + 1)
    story = scenario(endpoints=2, retry=on(503)).client(put + b"x" * (HELD + 1))
    story.upstream_gets(b"PUT /up", b"x" * (HELD + 1)).upstream(DOWN).client_gets(503, b"down")
    story.dialled(0, at=1)


def test_a_body_of_just_the_bound_is(scenario: Make) -> None:
    put = b"PUT /up HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % HELD
    story = scenario(endpoints=2, retry=on(503)).client(put + b"x" * HELD)
    story.upstream_gets(b"PUT /up", b"x" * HELD).upstream(DOWN)
    story.upstream_gets(b"PUT /up", b"x" * HELD, at=1).upstream(OK).client_gets(200)


def test_an_endpoint_is_blamed_once_for_a_refused_answer(scenario: Make) -> None:
    story = scenario(endpoints=2, retry=on(503)).client(GET).upstream_gets(b"GET /a")
    story.upstream(DOWN[:-1]).upstream_gets(b"GET /a", at=1).upstream(OK).client_gets(200)
    assert [each.counts[FAILED] for each in story.endpoints[:2]] == [1, 0]


# --- Retry-After ---------------------------------------------------------------------------------


def test_a_503_with_retry_after_spares_the_endpoint_and_another_is_asked_at_once(
    scenario: Make,
) -> None:
    story = scenario(endpoints=2, retry=on(503)).client(GET).upstream_gets(b"GET /a")
    story.upstream(answer(503, b"retry-after: 5"))
    story.upstream_gets(b"GET /a", at=1).upstream(OK).client_gets(200)
    assert story.endpoints[0].out["spared"].text == "asked for 5 s by Retry-After"
    for _ in range(3):
        story.client(GET).upstream_gets(b"GET /a", at=1).upstream(OK, at=1).client_gets(200)
    story.advance(seconds=6)
    assert story.endpoints[0].out == {}


def test_no_endpoint_is_spared_for_long(scenario: Make) -> None:
    story = scenario(endpoints=2, retry=on(503)).client(GET).upstream_gets(b"GET /a")
    story.upstream(answer(503, b"retry-after: 86400"))
    story.upstream_gets(b"GET /a", at=1).upstream(OK).client_gets(200)
    story.advance(seconds=MOST_SPARED - 1)
    assert "spared" in story.endpoints[0].out
    story.advance(seconds=2)
    assert story.endpoints[0].out == {}


def test_who_is_spared_is_not_asked_by_a_repetition(scenario: Make) -> None:
    """The whole service asks for patience: its own answer goes through."""
    story = scenario(endpoints=2, retry=on(503))
    spare = answer(503, b"retry-after: 30")
    story.client(GET).upstream_gets(b"GET /a").upstream(spare)
    story.upstream_gets(b"GET /a", at=1).upstream(spare).client_gets(503)
    story.client(GET).upstream_gets(b"GET /a", at=0).upstream(spare, at=0)
    story.client_gets(503, field=(b"retry-after", b"30"))


def test_a_429_waits_as_long_as_it_says(scenario: Make) -> None:
    story = scenario(endpoints=2, retry=on(429, total="10s")).client(GET).upstream_gets(b"GET /a")
    story.upstream(answer(429, b"retry-after: 3")).advance(seconds=2.5).dialled(0, at=1)
    story.client_gets_nothing().advance(seconds=1)
    story.upstream_gets(b"GET /a", at=1).upstream(OK).client_gets(200)


@pytest.mark.parametrize(("words", "after"), [({"total": "3s"}, b"5"), ({}, b"11")])
def test_a_429_that_asks_for_more_than_there_is_goes_through(
    scenario: Make, words: dict[str, Any], after: bytes
) -> None:
    story = scenario(endpoints=2, retry=on(429, **words)).client(GET).upstream_gets(b"GET /a")
    story.upstream(answer(429, b"retry-after: " + after))
    story.client_gets(429, field=(b"retry-after", after)).dialled(0, at=1)


def test_a_client_that_leaves_in_the_pause_ends_it(scenario: Make) -> None:
    story = scenario(endpoints=2, retry=on(429)).client(GET).upstream_gets(b"GET /a")
    story.upstream(answer(429, b"retry-after: 2")).client_leaves().ended(1, "client_gone")
    story.advance(seconds=3).dialled(0, at=1)
    assert [each.running for each in story.endpoints] == [0, 0]


# --- the budget ----------------------------------------------------------------------------------


def test_where_the_budget_is_spent_the_answer_goes_through_and_the_log_says_so(
    scenario: Make,
) -> None:
    story = scenario(endpoints=2, retry=on(503))
    for _ in range(int(FLOOR * WINDOW) + 1):
        story.roster.budget.spend()
    story.client(GET).upstream_gets(b"GET /a").upstream(DOWN)
    story.client_gets(503, b"down").ended(1, "retry_budget_spent").dialled(0, at=1)


def test_an_error_that_the_budget_left_alone_says_so(scenario: Make) -> None:
    story = scenario(endpoints=2)
    for _ in range(int(FLOOR * WINDOW) + 1):
        story.roster.budget.spend()
    story.client(GET).upstream_gets(b"GET /a").upstream_eof()
    story.client_gets(502, b"connection_terminated").ended(1, "connection_terminated")
    assert story.latest.error is not None
    assert story.latest.error.detail.endswith("not tried again: retry_budget_spent")


def test_a_dial_that_failed_costs_nothing(scenario: Make) -> None:
    story = scenario(endpoints=2).endpoint("refuses")
    for _ in range(int(FLOOR * WINDOW) + 1):
        story.roster.budget.spend()
    story.client(POST).upstream_gets(b"POST /up", b"ab").upstream(OK).client_gets(200)
