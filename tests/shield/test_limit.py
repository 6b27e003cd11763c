"""Limits in whole exchanges: who passes, who is told what, what is counted when."""

import gc
import re
from collections.abc import Callable
from math import ceil
from typing import Any

import pytest

from porch import clock
from porch.balance.endpoint import FAILED, WIDTH
from porch.filter import Filter, Response
from porch.route.route import REQUESTS
from porch.shared import Cells
from porch.shield.limit import ByField, ClientLimiting, LateLimiting, Limit, Limiting
from porch.shield.limit_bucket import Bucket
from porch.shield.limit_costs import by_bytes, by_field, by_function, by_time
from porch.shield.limit_keys import by_client
from porch.shield.limit_table import LimitTable
from porch.shield.limit_window import MOST, Window
from tests.support.scenario import Scenario

GET = b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nhost: a.test\r\ncontent-length: 5\r\n\r\nhello"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n%b\r\nhi"


def limit(
    most: int = 2,
    seconds: float = 60.0,
    name: str = "client",
    key: Any = by_client,
    cost: Any = None,
    **words: Any,
) -> Limit:
    row = LimitTable(2, 1024).row(1)
    count = Window(row, "a limit", most, seconds, late=cost is not None)
    text = f"{most}/min per client"
    return Limit(name, text, "a.test", key, count, Cells(WIDTH), cost=cost, **words)


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Scenario]:
    def make(*filters: Filter) -> Scenario:
        # The clock of a scenario stands at its beginning: tables that began before it are young.
        made = Scenario(monkeypatch, filters=filters)
        for each in filters:
            for one in getattr(each, "limits", ()):
                one.take.__self__._began = clock.monotonic()
        return made

    return make


def passes(scenario: Scenario, request: bytes = GET, fields: bytes = b"") -> None:
    scenario.client(request)
    line = request.split(b" HTTP")[0]
    scenario.upstream_gets(line, body=None, end=None)
    scenario.upstream(OK % fields).client_gets(200, b"hi")


def test_who_comes_too_often_is_answered_429(scene: Any) -> None:
    one = limit()
    scenario = scene(Limiting([one]))
    passes(scenario)
    passes(scenario)
    scenario.client(GET).client_gets(429, b"http_request_denied").upstream_gets_nothing()
    assert (one.cells.own[FAILED], one.cells.own[REQUESTS]) == (1, 0)
    scenario.advance(62)
    passes(scenario)
    scenario.finish()


def test_what_is_left_is_told_as_the_draft_has_it(scene: Any) -> None:
    scenario = scene(Limiting([limit()]))
    scenario.client(GET).upstream_gets(b"GET /").upstream(OK % b"")
    scenario.client_gets(200, field=(b"ratelimit", b'"client";r=1;t=60'))
    scenario.client(GET).upstream_gets(b"GET /").upstream(OK % b"")
    scenario.client_gets(200, field=(b"ratelimit-policy", b'"client";q=2;w=60'))
    scenario.advance(20)
    scenario.client(GET).client_gets(429, field=(b"ratelimit", b'"client";r=0;t=41'))
    assert scenario.latest.error is not None
    assert scenario.latest.error.retry_after == pytest.approx(41, abs=1)  # type: ignore[attr-defined]
    scenario.finish()


def test_who_has_taken_the_last_is_told_when_there_is_one_more(scene: Any) -> None:
    """And who came too early the same as by Retry-After."""
    scenario = scene(Limiting([limit(2, 63.0)]))
    passes(scenario)
    scenario.advance(20)
    scenario.client(GET).upstream_gets(b"GET /").upstream(OK % b"")
    scenario.client_gets(200, field=(b"ratelimit", b'"client";r=0;t=44'))
    scenario.client(GET).client_gets(429, field=(b"ratelimit", b'"client";r=0;t=44'))
    assert ceil(scenario.latest.error.retry_after) == 44  # type: ignore[union-attr]
    scenario.finish()


@pytest.mark.parametrize("kind", [Limiting, lambda limits: ClientLimiting(*limits)])
def test_who_comes_evenly_is_told_of_the_next_and_not_of_the_window(scene: Any, kind: Any) -> None:
    bucket = Bucket(LimitTable(2, 1024).row(1), "a limit", 12, 60.0, 1)
    scenario = scene(
        kind([Limit("client", "12/min per client", "a.test", by_client, bucket, Cells(WIDTH))])
    )
    scenario.client(GET).upstream_gets(b"GET /").upstream(OK % b"")
    scenario.client_gets(200, field=(b"ratelimit", b'"client";r=0;t=5'))
    scenario.finish()


STRING = rb'"(?:[ !#-\[\]-~]|\\["\\])*"'
ITEM = re.compile(rb"(%b)((?:;[a-z]+=(?:\d{1,15}|%b))+)\Z" % (STRING, STRING))  # RFC 9651 3.3
PARAMETER = re.compile(rb";([a-z]+)=(\d+|%b)" % STRING)


def test_fields_are_those_that_the_draft_allows() -> None:
    """At their bounds too: an integer has 15 digits."""
    for each in (
        limit(),
        limit(MOST, 2_678_400.0, 'a "b" \\', unit=1 << 40, cost=by_bytes, measure="content-bytes"),
    ):
        policy = ITEM.match(each.policy)
        assert policy is not None
        words = dict(PARAMETER.findall(policy[2]))
        assert {b"q", b"w"} <= words.keys() <= {b"q", b"w", b"qu"}
        assert int(words[b"q"]) > 0 < int(words[b"w"])
        for text in (each.said[MOST], each.said[1], each.nothing_left(0.1)):
            item = ITEM.match(text)
            assert item is not None
            assert item[1] == policy[1]
            words = dict(PARAMETER.findall(item[2]))
            assert words.keys() == {b"r", b"t"}
            assert int(words[b"t"]) >= 1


def test_several_limits_hold_and_who_is_refused_by_one_is_counted_in_none(scene: Any) -> None:
    short = limit(2, 1.0, "short")
    long = limit(3, 60.0, "long")
    scenario = scene(Limiting([long, short]))
    passes(scenario)
    scenario.client(GET).upstream_gets(b"GET /").upstream(OK % b"")
    scenario.client_gets(200, field=(b"ratelimit", b'"long";r=1;t=60, "short";r=0;t=2'))
    for _ in range(5):
        scenario.client(GET).client_gets(429)
    scenario.advance(1.5)
    passes(scenario)  # the five have taken nothing of the long one
    scenario.client(GET).client_gets(429)
    assert (long.cells.own[FAILED], short.cells.own[FAILED]) == (1, 5)
    scenario.finish()


def test_a_limit_that_looks_on_refuses_nobody_and_tells(scene: Any) -> None:
    told: list[str] = []
    one = limit(1, dry_run=True, say=told.append)
    scenario = scene(Limiting([one]))
    for _ in range(3):
        scenario.client(GET).upstream_gets(b"GET /").upstream(OK % b"")
        scenario.client_gets(200, without=b"ratelimit")
    assert (one.cells.own[REQUESTS], one.cells.own[FAILED]) == (2, 0)
    assert told == [
        "limit 1/min per client (a.test) only looks on: it would refuse 192.0.2.7, "
        "and 1 requests so far"
    ]
    scenario.finish()


def test_a_request_that_nobody_counts_passes(scene: Any) -> None:
    scenario = scene(Limiting([limit(1, key=lambda exchange: None)]))
    for _ in range(3):
        scenario.client(GET).upstream_gets(b"GET /").upstream(OK % b"")
        scenario.client_gets(200, without=b"ratelimit")
    scenario.finish()


def test_a_limit_that_tells_nothing_still_says_when_to_come_again(scene: Any) -> None:
    scenario = scene(Limiting([limit(1, tells=False)]))
    scenario.client(GET).upstream_gets(b"GET /").upstream(OK % b"")
    scenario.client_gets(200, without=b"ratelimit-policy")
    scenario.client(GET).client_gets(429, without=b"ratelimit")
    assert scenario.latest.error.retry_after > 1  # type: ignore[union-attr]
    scenario.finish()


def test_bytes_are_charged_at_the_end(scene: Any) -> None:
    one = limit(10, cost=by_bytes, measure="content-bytes")
    scenario = scene(LateLimiting([one]))
    scenario.client(POST).upstream_gets(b"POST /", b"hello").upstream(OK % b"")
    scenario.client_gets(200, field=(b"ratelimit-policy", b'"client";q=10;w=60;qu="content-bytes"'))
    scenario.client(POST).upstream_gets(b"POST /", b"hello").upstream(OK % b"")
    scenario.client_gets(200, field=(b"ratelimit", b'"client";r=3;t=60'))
    scenario.client(GET).client_gets(429)
    scenario.finish()


def test_what_the_origin_says_it_cost_is_charged_whatever_becomes_of_the_field(
    scene: Any,
) -> None:
    class Hidden(Filter):
        def on_response(self, exchange: Any) -> None:
            fields = exchange.response.fields
            exchange.response.fields = [each for each in fields if each[0] != b"x-cost"]

    one = limit(10, cost=ByField(by_field(b"x-cost")))
    scenario = scene(LateLimiting([one]), Hidden())
    passes(scenario, fields=b"x-cost: 9\r\n")
    passes(scenario, fields=b"x-cost: 9\r\n")
    scenario.client(GET).client_gets(429)
    scenario.finish()


def test_an_answer_of_the_door_costs_nothing_of_what_origins_say(scene: Any) -> None:
    class AtDoor(Filter):
        def on_request(self, exchange: Any) -> Response:
            return Response(204)

    scenario = scene(LateLimiting([limit(1, cost=ByField(by_field(b"x-cost")))]), AtDoor())
    for _ in range(3):
        scenario.client(GET).client_gets(204, bodiless=True)
    scenario.finish()


def test_the_time_of_origins_is_charged(scene: Any) -> None:
    scenario = scene(LateLimiting([limit(1000, cost=by_time)]))
    scenario.client(GET).upstream_gets(b"GET /").advance(1.5).upstream(OK % b"").client_gets(200)
    scenario.client(GET).client_gets(429)
    scenario.finish()


def test_a_cost_that_cannot_be_found_out_is_one_and_told(scene: Any) -> None:
    def broken(exchange: Any) -> object:
        raise RuntimeError("no")

    scenario = scene(LateLimiting([limit(2, cost=by_function(broken)), limit(9, cost=by_bytes)]))
    passes(scenario)
    scenario.reported(RuntimeError)
    passes(scenario)
    scenario.reported(RuntimeError)
    scenario.client(GET).client_gets(429)
    scenario.finish()


def test_costs_are_counted_in_units() -> None:
    assert [limit(9, unit=1000, cost=by_bytes).units_of(each) for each in (0, 1, 1000, 1001)] == [
        *(0, 1, 1, 2)
    ]


def test_a_bucket_refuses_until_the_next_one_may_come(scene: Any) -> None:
    bucket = Bucket(LimitTable(2, 1024).row(1), "a limit", 60, 60.0, 1)
    one = Limit("client", "60/min per client", "a.test", by_client, bucket, Cells(WIDTH))
    scenario = scene(Limiting([one]))
    passes(scenario)
    scenario.client(GET).client_gets(429)
    scenario.advance(1.1)
    passes(scenario)
    scenario.finish()


def test_nothing_is_kept_of_exchanges_that_are_over(scene: Any) -> None:
    """Also of those whose clients leave before there is an answer."""
    limiting = LateLimiting([limit(1000, cost=by_bytes)])
    scenario = scene(limiting)
    passes(scenario)
    scenario.client(GET).upstream_gets(b"GET /").client_leaves()
    gc.collect()
    assert (limiting._told, limiting._charges) == ({}, {})
    scenario.finish()


def test_names_in_fields_are_quoted() -> None:
    assert limit(name='a "b" \\').policy == b'"a \\"b\\" \\\\";q=2;w=60'


def test_a_filter_says_what_it_is() -> None:
    assert repr(Limiting([limit(), limit(dry_run=True)])) == (
        "<Limiting 2/min per client, 2/min per client>"
    )
    assert repr(limit(dry_run=True)) == "<Limit 2/min per client, looking on>"
