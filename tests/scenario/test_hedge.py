"""A second attempt beside a slow first one: who is first is heard, the other is closed."""

from collections.abc import Callable
from typing import Any

import pytest

from porch.balance.budget import FLOOR, WINDOW
from porch.balance.endpoint import FAILED
from porch.config.schema_retry import RetryModel
from porch.exchange import HELD
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
PUT = b"PUT /up HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nab"
POST = PUT.replace(b"PUT", b"POST")
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
DOWN = b"HTTP/1.1 503 X\r\ncontent-length: 4\r\n\r\ndown"


def hedged(scenario: Make, endpoints: int = 2, **words: object) -> Scenario:
    retry = RetryModel.model_validate({"hedge": "200ms", **words})
    return scenario(endpoints=endpoints, retry=retry)


def slow(story: Scenario, request: bytes = GET) -> Scenario:
    """A first attempt that has not answered in time; the second is on its way."""
    line = request.partition(b" HTTP")[0]
    body = request.partition(b"\r\n\r\n")[2]
    story.client(request).upstream_gets(line, body).advance(seconds=0.25)
    return story.upstream_gets(line, body, at=1)


def running(story: Scenario) -> list[int]:
    return [each.running for each in story.endpoints]


def second(story: Scenario, at: int) -> bool:
    """Whether a connection is that of the second attempt."""
    exchange: Any = story.recorder.began[-1]
    return story.upstreams[at].transport is not exchange.upstream._transport


@pytest.mark.parametrize("request_", [GET, PUT])
def test_the_second_is_heard_if_it_is_first_and_the_first_is_closed(
    scenario: Make, request_: bytes
) -> None:
    story = slow(hedged(scenario), request_).upstream(OK, at=1).client_gets(200, b"hi")
    story.upstream_sees("closed", at=0).upstream_sees("open", at=1).ended(1, "")
    assert story.latest.endpoint is story.endpoints[1]
    assert running(story) == [0, 0]


def test_the_first_is_heard_if_it_is_first_and_the_second_is_closed(scenario: Make) -> None:
    story = slow(hedged(scenario)).upstream(OK, at=0).client_gets(200, b"hi")
    story.upstream_sees("open", at=0).upstream_sees("closed", at=1).ended(1, "")
    assert story.latest.endpoint is story.endpoints[0]
    assert running(story) == [0, 0]


def test_an_answer_in_time_needs_no_second(scenario: Make) -> None:
    story = hedged(scenario).client(GET).upstream_gets(b"GET /a").advance(seconds=0.15, tick=0.05)
    story.upstream(OK).client_gets(200).advance(seconds=5).dialled(0, at=1)


def test_the_answer_of_the_second_comes_in_pieces_of_any_size(scenario: Make) -> None:
    story = slow(hedged(scenario))
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    story.upstream(chunked + b"2\r\nab\r\n1\r\nc\r\n", at=1).client_gets(200, b"abc", end=False)
    story.advance(seconds=2).upstream(b"1\r\nd\r\n0\r\n\r\n", at=1).client_gets(body=b"d")
    story.ended(1, "").upstream_sees("open", at=1)


def test_backpressure_holds_for_the_second_as_well(scenario: Make) -> None:
    story = slow(hedged(scenario)).client_full()
    story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 90000\r\n\r\n" + b"x" * 80_000, at=1)
    story.upstream_is_read(False, at=1).client_drained().upstream_is_read(at=1)
    story.client_gets(200, b"x" * 80_000, end=False).upstream(b"x" * 10_000, at=1)
    story.client_gets(body=b"x" * 10_000)


def test_a_bad_answer_of_the_second_does_not_win(scenario: Make) -> None:
    story = slow(hedged(scenario)).upstream(DOWN, at=1).client_gets_nothing()
    assert running(story) == [1, 0]
    assert story.endpoints[1].counts[FAILED] == 1
    story.upstream(OK, at=0).client_gets(200, b"hi").upstream_sees("open", at=1)


@pytest.mark.parametrize("end", ["upstream_eof", "upstream_resets"])
def test_a_second_that_is_lost_is_forgotten(scenario: Make, end: str) -> None:
    story = slow(hedged(scenario))
    getattr(story, end)(at=1)
    assert running(story) == [1, 0]
    story.upstream(OK, at=0).client_gets(200, b"hi")


def test_a_second_that_cannot_connect_is_forgotten(scenario: Make) -> None:
    story = hedged(scenario).endpoint("refuses", at=1).client(GET).upstream_gets(b"GET /a")
    story.advance(seconds=1).dialled(1, at=1)
    assert running(story) == [1, 0]
    assert "refused" in story.endpoints[1].out
    story.upstream(OK).client_gets(200)


def test_a_first_that_fails_leaves_it_to_the_second(scenario: Make) -> None:
    story = slow(hedged(scenario, attempts=1)).upstream_eof(at=0).client_gets_nothing()
    assert running(story) == [0, 1]
    story.upstream(OK, at=1).client_gets(200, b"hi").ended(1, "")


def test_also_one_that_answers_what_is_no_http(scenario: Make) -> None:
    story = slow(hedged(scenario, attempts=1)).upstream(b"what?\r\n\r\n", at=0)
    story.client_gets_nothing().upstream(OK, at=1).client_gets(200, b"hi")


def test_also_one_whose_status_is_refused(scenario: Make) -> None:
    story = slow(hedged(scenario, attempts=1, on=[503])).upstream(DOWN, at=0)
    story.client_gets_nothing().upstream(OK, at=1).client_gets(200, b"hi")


def test_also_while_the_second_still_connects(scenario: Make) -> None:
    story = hedged(scenario, attempts=1).endpoint("hangs", at=1).client(GET)
    story.upstream_gets(b"GET /a").advance(seconds=0.5).dialled(1, at=1).upstream_eof(at=0)
    story.advance(seconds=2).client_gets_nothing().endpoint("accepts", at=1)
    story.upstream_gets(b"GET /a", at=1).upstream(OK, at=1).client_gets(200, b"hi")


def test_a_client_that_leaves_ends_one_that_took_over_and_still_connects(scenario: Make) -> None:
    story = hedged(scenario).endpoint("hangs", at=1).client(GET).upstream_gets(b"GET /a")
    story.advance(seconds=0.5).upstream_eof(at=0).client_leaves().ended(1, "client_gone")
    assert running(story) == [0, 0]
    story.endpoint("accepts", at=1)
    assert len(story.upstreams) == 1


def test_behind_all_of_the_time_the_second_is_not_waited_for(scenario: Make) -> None:
    story = slow(hedged(scenario, total="1s")).advance(seconds=1).upstream_eof(at=0)
    story.client_gets(502, b"connection_terminated").upstream_sees("closed", at=1)


def test_both_failing_leads_to_the_third(scenario: Make) -> None:
    story = slow(hedged(scenario, endpoints=3)).upstream_eof(at=0).upstream_eof(at=1)
    story.advance(seconds=1).upstream_gets(b"GET /a", at=2).upstream(OK, at=2).client_gets(200)


def test_both_failing_is_the_end_of_one_attempt_more(scenario: Make) -> None:
    story = slow(hedged(scenario, endpoints=3, attempts=1)).upstream_eof(at=0)
    story.upstream_eof(at=1).client_gets(502, b"connection_terminated").dialled(0, at=2)


def test_a_client_that_leaves_ends_both(scenario: Make) -> None:
    story = slow(hedged(scenario)).client_leaves().ended(1, "client_gone")
    story.upstream_sees("closed", at=0).upstream_sees("closed", at=1)
    assert running(story) == [0, 0]


def test_a_client_that_leaves_ends_a_second_that_still_connects(scenario: Make) -> None:
    story = hedged(scenario).endpoint("hangs", at=1).client(GET).upstream_gets(b"GET /a")
    story.advance(seconds=0.5).client_leaves().endpoint("accepts", at=1).dialled(1, at=1)
    assert len(story.upstreams) == 1
    assert running(story) == [0, 0]


@pytest.mark.parametrize(
    "request_",
    [
        POST,
        PUT.replace(b"2\r", b"%d\r" % (HELD + 1)).replace(b"ab", b"x" * (HELD + 1)),
        b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    ],
    ids=["POST", "not held", "upgrade"],
)
def test_what_may_not_be_repeated_has_no_second(scenario: Make, request_: bytes) -> None:
    story = hedged(scenario).client(request_).advance(seconds=5).dialled(0, at=1)
    story.upstreams[0].transport.arrived.clear()
    story.upstream(OK).client_gets(200)


def test_a_post_with_an_idempotency_key_may(scenario: Make) -> None:
    keyed = POST.replace(b"\r\n\r\n", b"\r\nidempotency-key: 7\r\n\r\n")
    slow(hedged(scenario), keyed).upstream(OK, at=1).client_gets(200)


@pytest.mark.parametrize("seconds", [0.1, 5])
def test_an_upload_under_way_has_no_second(scenario: Make, seconds: float) -> None:
    story = hedged(scenario).client(PUT[:-1]).upstream_gets(b"PUT /up", b"a", end=False)
    story.advance(seconds, tick=0.1).client(b"b").upstream_gets(body=b"b")
    story.advance(seconds=0.9).dialled(0, at=1).upstream(OK).client_gets(200)


def test_nor_has_one_whose_length_was_not_known(scenario: Make) -> None:
    """It may have had trailers."""
    chunked = (
        b"PUT /up HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
    )
    story = hedged(scenario).client(chunked).upstream_gets(b"PUT /up", b"a")
    story.advance(seconds=0.9).dialled(0, at=1).upstream(OK).client_gets(200)


def test_a_client_that_was_told_of_the_first_hears_the_first(scenario: Make) -> None:
    story = hedged(scenario).client(GET).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 103 X\r\nlink: a\r\n\r\n").client_gets(103)
    story.advance(seconds=1).dialled(0, at=1).upstream(OK).client_gets(200)


def test_an_interim_answer_of_the_second_is_not_passed_on(scenario: Make) -> None:
    story = slow(hedged(scenario)).upstream(b"HTTP/1.1 103 X\r\nlink: a\r\n\r\n", at=1)
    story.client_gets_nothing().upstream(OK, at=0).client_gets(200)


def test_each_is_paid_out_of_the_budget(scenario: Make) -> None:
    story = slow(hedged(scenario)).upstream(OK, at=1).client_gets(200)
    assert repr(story.roster.budget) == "<Budget 1 spent, 1 came>"


def test_when_it_is_spent_there_is_no_second(scenario: Make) -> None:
    story = hedged(scenario)
    for _ in range(int(FLOOR * WINDOW) + 1):
        story.roster.budget.spend()
    story.client(GET).upstream_gets(b"GET /a").advance(seconds=5).dialled(0, at=1)
    story.upstream(OK).client_gets(200)


def test_an_only_endpoint_is_waited_for(scenario: Make) -> None:
    story = hedged(scenario, endpoints=1).client(GET).upstream_gets(b"GET /a")
    story.advance(seconds=5).dialled(1).upstream(OK).client_gets(200)


def test_p95_is_learned_from_the_answers(scenario: Make) -> None:
    story = hedged(scenario, hedge="p95")
    for _ in range(20):
        story.client(GET).upstream_gets(b"GET /a").advance(seconds=0.02, tick=0.02)
        story.upstream(OK).client_gets(200)
    assert story.roster.first_bytes.slow == pytest.approx(0.02)
    story.client(GET).upstream_gets(b"GET /a").advance(seconds=0.01, tick=0.01)
    story.dialled(0, at=1).advance(seconds=0.02, tick=0.01)
    story.upstream_gets(b"GET /a", at=1).upstream(OK, at=1).client_gets(200)


def test_those_that_lost_count_among_the_slow_ones(scenario: Make) -> None:
    story = hedged(scenario, hedge="p95")
    for _ in range(20):
        story.roster.first_bytes.add(0.02)
    for _ in range(12):  # of each two connections one is closed and made anew
        story.client(GET).advance(seconds=0.03, tick=0.01)
        asked = [at for at, far in enumerate(story.upstreams) if far.transport.arrived]
        assert len(asked) == 2
        for at in asked:
            story.upstream_gets(b"GET /a", at=at)
        story.upstream(OK, at=max(asked, key=lambda at: second(story, at))).client_gets(200)
    assert story.roster.first_bytes.slow == pytest.approx(0.03, abs=0.005)


def test_before_enough_is_known_nothing_is_hedged(scenario: Make) -> None:
    story = hedged(scenario, hedge="p95").client(GET).upstream_gets(b"GET /a")
    story.advance(seconds=5).dialled(0, at=1).upstream(OK).client_gets(200)
