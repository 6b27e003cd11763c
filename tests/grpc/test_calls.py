"""Calls of gRPC through a door: how long they may take, and how they end."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from porch.config.retries import retrying
from porch.config.schema_retry import RetryModel
from porch.grpc.calls import LONGEST, Calls
from porch.http.message import Field
from porch.observe.error_page import error_response
from porch.route.route import ANSWERED, Timeouts
from tests.support.multiplexed import Multiplexed
from tests.support.scenario import Scenario

Make = Callable[..., Multiplexed]

TIMEOUTS = Timeouts()
CALL: Field = (b"content-type", b"application/grpc")
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made: list[Multiplexed] = []

    def make(*more: Any, timeouts: Timeouts = TIMEOUTS, **settings: Any) -> Multiplexed:
        filters = [Calls(timeouts), *more]
        story = Multiplexed(monkeypatch, filters=filters, timeouts=timeouts, **settings)
        story.setup.error_page = error_response
        made.append(story)
        return story

    yield make
    for each in made:
        each.finish()


def asks(story: Multiplexed, *fields: Field, method: bytes = b"POST", end: bool = True) -> int:
    number = story.asks(b"/s/m", CALL, (b"te", b"trailers"), *fields, method=method, end=end)
    story.upstream_gets(method + b" /s/m", end=end)
    return number


def fields_of(story: Multiplexed, number: int) -> dict[bytes, bytes]:
    """Of an answer of fields alone."""
    got = story.answer(number, 200, b"")
    assert got.trailers is None
    return dict(got.fields)


def test_a_deadline_ends_a_call_that_is_not_answered(calls: Make) -> None:
    story = calls()
    number = asks(story, (b"grpc-timeout", b"300m"))
    story.advance(seconds=0.25).ended(0).advance(seconds=0.1, tick=0.05)
    story.ended(1, "deadline_exceeded").upstream_sees("closed")
    got = fields_of(story, number)
    assert got[b"grpc-status"] == b"4"
    assert got[b"grpc-message"].startswith(b"deadline_exceeded: ")
    assert got[b"content-type"] == b"application/grpc"
    assert story.roster.troubled == {}, "the origin is not to blame"


def test_a_deadline_ends_a_stream_that_is_under_way_with_trailers(calls: Make) -> None:
    story = calls()
    number = asks(story, (b"grpc-timeout", b"2S"))
    story.upstream(HEAD + b"3\r\nabc\r\n").advance(seconds=2.5).ended(1, "deadline_exceeded")
    got = story.answer(number, 200, b"abc")
    assert got.trailers is not None
    assert dict(got.trailers)[b"grpc-status"] == b"4"
    assert got.reset is None


def test_an_answer_in_time_is_not_touched(calls: Make) -> None:
    story = calls()
    number = asks(story, (b"grpc-timeout", b"2S"))
    story.upstream(HEAD + b"3\r\nabc\r\n0\r\ngrpc-status: 0\r\n\r\n").ended(1, "")
    assert story.answer(number, 200, b"abc").trailers == [(b"grpc-status", b"0")]
    story.advance(seconds=5).ended(1, "")


def test_a_deadline_of_nothing_is_over_at_once(calls: Make) -> None:
    story = calls()
    number = story.asks(b"/", CALL, (b"grpc-timeout", b"0n"), method=b"POST")
    story.advance(seconds=0.01, tick=0.01).ended(1, "deadline_exceeded")
    assert fields_of(story, number)[b"grpc-status"] == b"4"
    story.clients[-1].transport.arrived.clear()
    for each in story.upstreams:
        each.transport.arrived.clear()


def test_a_deadline_that_is_none_is_refused(calls: Make) -> None:
    story = calls()
    number = story.asks(b"/", CALL, (b"grpc-timeout", b"1.5S"), method=b"POST")
    assert fields_of(story, number)[b"grpc-status"] == b"13"
    story.ended(1, "http_request_error").upstream_gets_nothing()


def test_a_deadline_of_a_day_has_no_timer(calls: Make) -> None:
    story = calls()
    asks(story, (b"grpc-timeout", b"%dS" % (LONGEST + 1)))
    asks(story, (b"grpc-timeout", b"%dS" % LONGEST))
    assert len(story.setup.route.plan.on_cut[0].__self__._timers) == 1  # type: ignore[attr-defined]
    for number in (1, 3):
        story.gives_up(number)
    assert len(story.setup.route.plan.on_cut[0].__self__._timers) == 0  # type: ignore[attr-defined]


def test_a_deadline_is_for_calls_alone(calls: Make) -> None:
    for method, kind in ((b"GET", b"application/grpc"), (b"POST", b"application/json")):
        story = calls()
        story.asks(b"/", (b"content-type", kind), (b"grpc-timeout", b"bad"), method=method)
        story.upstream_gets(method + b" /", field=(b"grpc-timeout", b"bad"))
        story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ended(1, "")


def test_the_next_endpoint_is_told_what_is_left(calls: Make) -> None:
    story = calls(endpoints=2)
    story.endpoint("hangs", at=0).endpoint("hangs", at=1)
    story.asks(b"/s/m", CALL, (b"grpc-timeout", b"3S"), (b"a-bin", b"AAE"), method=b"POST")
    story.advance(seconds=1.0)
    story.endpoint("accepts", at=0).endpoint("accepts", at=1)
    story.upstream_gets(b"POST /s/m", field=(b"grpc-timeout", b"2000000u"))
    story.upstream(HEAD + b"0\r\n\r\n").ended(1, "")


def test_the_first_endpoint_is_told_what_the_client_said(calls: Make) -> None:
    story = calls()
    story.asks(b"/s/m", CALL, (b"grpc-timeout", b"3S"), method=b"POST")
    story.upstream_gets(b"POST /s/m", field=(b"grpc-timeout", b"3S"))
    story.upstream(HEAD + b"0\r\n\r\n").ended(1, "")


def test_who_says_no_deadline_has_that_of_the_route_for_the_head(calls: Make) -> None:
    story = calls(timeouts=Timeouts(response=10.0))
    number = asks(story)
    story.advance(seconds=9.5).ended(0).advance(seconds=1).ended(1, "http_response_timeout")
    assert fields_of(story, number)[b"grpc-status"] == b"14"


def test_the_clients_deadline_stands_in_place_of_the_routes(calls: Make) -> None:
    story = calls(timeouts=Timeouts(response=10.0))
    number = asks(story, (b"grpc-timeout", b"30S"))
    story.advance(seconds=29.5).ended(0).advance(seconds=1).ended(1, "deadline_exceeded")
    assert fields_of(story, number)[b"grpc-status"] == b"4"


def test_a_deadline_beyond_the_bound_of_silence_does_not_lift_it(calls: Make) -> None:
    story = calls(timeouts=Timeouts(response=10.0, idle=5.0, tunnel=60.0))
    number = asks(story, (b"grpc-timeout", b"2H"))
    story.advance(seconds=59).ended(0).advance(seconds=2).ended(1, "http_response_timeout")
    assert fields_of(story, number)[b"grpc-status"] == b"14"


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [(b"/s/m", 70_000, b"8"), (b"/" * 20_000, 0, b"8"), (b"/s/m#x", 0, b"13")],
    ids=["too large", "too long", "malformed"],
)
def test_a_call_that_is_refused_for_its_head_is_told_so(
    calls: Make, path: bytes, size: int, status: bytes
) -> None:
    story = calls()
    number = story.asks(path, CALL, (b"x", b"a" * size), method=b"POST")
    assert fields_of(story, number)[b"grpc-status"] == status
    story.upstream_gets_nothing()


@pytest.mark.parametrize("end", [True, False], ids=["server streaming", "both"])
def test_a_stream_may_be_silent_for_as_long_as_a_tunnel(calls: Make, end: bool) -> None:
    story = calls(timeouts=Timeouts(idle=5.0, tunnel=60.0))
    number = asks(story, end=end)
    story.upstream(HEAD + b"3\r\nabc\r\n").advance(seconds=59).ended(0)
    story.upstream(b"3\r\ndef\r\n").advance(seconds=59.5).ended(0)
    story.advance(seconds=1).ended(1, "connection_read_timeout")
    assert story.latest.error is not None
    assert "timeouts.tunnel" in story.latest.error.detail
    got = story.answer(number, 200, b"abcdef")
    assert got.trailers is not None
    assert dict(got.trailers)[b"grpc-status"] == b"14"


def test_a_client_that_streams_may_be_silent_before_any_answer(calls: Make) -> None:
    story = calls(timeouts=Timeouts(idle=5.0, tunnel=60.0, response=5.0))
    number = asks(story, end=False)
    story.advance(seconds=30).ended(0)
    story.says(number, b"abc").upstream_gets(body=b"abc", end=False)
    story.advance(seconds=59.5).ended(0)
    story.says(number, b"", end=True).upstream_gets(body=b"")
    story.upstream(HEAD + b"0\r\n\r\n").ended(1, "")


def test_who_is_no_call_may_be_silent_for_no_longer_than_ever(calls: Make) -> None:
    story = calls(timeouts=Timeouts(idle=5.0))
    story.asks(b"/")
    story.upstream_gets(b"GET /").upstream(HEAD + b"3\r\nabc\r\n")
    story.advance(seconds=5.5).ended(1, "connection_read_timeout")
    assert story.answers[1].trailers is not None, "the answer has a content-type of gRPC"


def test_a_client_that_takes_nothing_is_cut_as_ever(calls: Make) -> None:
    story = calls(timeouts=Timeouts(idle=5.0, tunnel=60.0))
    asks(story)
    story.takes = False
    story.upstream(HEAD + b"60000\r\n" + b"x" * 0x60000 + b"\r\n")
    story.advance(seconds=11).ended(1, "client_gone")


def test_silent_streams_accuse_nobody(calls: Make) -> None:
    story = calls(timeouts=Timeouts(response=600.0))
    for _ in range(3):
        asks(story)
    story.advance(seconds=30)
    assert story.endpoints[0].out == {}
    for number in (1, 3, 5):
        story.gives_up(number)


def test_others_that_wait_still_do(calls: Make) -> None:
    story = calls(timeouts=Timeouts(response=600.0))
    for _ in range(2):
        story.asks(b"/")
        story.upstream_gets(b"GET /")
    story.advance(seconds=5)
    assert "silent" in story.endpoints[0].out
    for number in (1, 3):
        story.gives_up(number)


def test_an_origin_that_breaks_off_is_told_in_trailers(calls: Make) -> None:
    story = calls()
    number = asks(story)
    story.upstream(HEAD + b"3\r\nabc\r\n").upstream_resets().ended(1, "http_response_incomplete")
    got = story.answer(number, 200, b"abc")
    assert got.trailers is not None
    assert dict(got.trailers) == {
        b"grpc-status": b"14",
        b"grpc-message": b"http_response_incomplete: The origin broke its answer off in the "
        b"middle; its log has the reason.",
    }


def test_what_is_no_call_is_cut_by_a_reset(calls: Make) -> None:
    story = calls()
    story.asks(b"/")
    story.upstream_gets(b"GET /").upstream(HEAD.replace(b"/grpc", b"/json") + b"3\r\nabc\r\n")
    story.upstream_resets().ended(1, "http_response_incomplete")
    assert story.answers[1].reset == 2
    assert not story.answers[1].ended


def test_a_length_that_was_promised_is_not_ended_as_if_it_were_kept(calls: Make) -> None:
    story = calls()
    asks(story)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ncontent-length: 9\r\n\r\nabc"
    story.upstream(head).upstream_resets().ended(1, "http_response_incomplete")
    assert story.answers[1].reset == 2


def test_an_answer_to_HTTP_1_1_that_is_cut_does_not_look_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    story = Scenario(monkeypatch, filters=[Calls(TIMEOUTS)])
    story.client(b"POST /s/m HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
    story.upstream_gets(b"POST /s/m").upstream(HEAD + b"3\r\nabc\r\n").upstream_resets()
    story.ended(1, "http_response_incomplete").client_gets(200, b"abc", end=False)
    story.client_sees("closed").finish()


def refused(status: bytes, message: bytes = b"no") -> bytes:
    """An answer of fields alone."""
    return (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ngrpc-status: %b\r\n"
        b"grpc-message: %b\r\ncontent-length: 0\r\n\r\n" % (status, message)
    )


def test_an_origin_that_is_unavailable_is_blamed(calls: Make) -> None:
    story = calls()
    number = asks(story)
    story.upstream(refused(b"14", b"come%20later")).ended(1, "grpc_failed")
    assert story.latest.error is not None
    assert story.latest.error.detail == "UNAVAILABLE: come later"
    assert fields_of(story, number)[b"grpc-message"] == b"come%20later"
    endpoint = story.endpoints[0]
    assert story.roster.troubled[endpoint] == (1, 1, "503")
    assert endpoint.counts[ANSWERED] == 0, "it is no good answer"


def test_a_failure_inside_is_counted_only(calls: Make) -> None:
    story = calls()
    asks(story)
    story.upstream(refused(b"13")).ended(1, "grpc_failed")
    assert story.roster.troubled[story.endpoints[0]] == (1, 0, "500")


@pytest.mark.parametrize("status", [b"0", b"5", b"4", b"12", b"x"])
def test_what_is_about_the_call_blames_nobody(calls: Make, status: bytes) -> None:
    story = calls()
    asks(story)
    story.upstream(refused(status)).ended(1, "")
    assert story.roster.troubled == {}
    assert story.endpoints[0].counts[ANSWERED] > 0


def test_a_call_with_a_key_is_made_again_where_the_route_says_so(calls: Make) -> None:
    retry = RetryModel(on=[503])
    for key, times in (((b"idempotency-key", b"1"), 1), ((b"other", b"1"), 0)):
        story = calls(endpoints=2, retry=retry)
        plan = story.setup.route.plan
        decides, (refused_answers,) = retrying(retry, story.roster, calls=True)
        story.setup.route.retry = decides
        plan.on_upstream_response = (
            plan.on_upstream_response[-1],
            refused_answers.on_upstream_response,
        )
        number = asks(story, key)
        story.upstream(refused(b"14")).dialled(times, at=1)
        if times:
            story.upstream_gets(b"POST /s/m").upstream(refused(b"0")).ended(1, "")
            assert fields_of(story, number)[b"grpc-status"] == b"0"
            assert story.roster.troubled[story.endpoints[0]] == (1, 1, "503")
        else:
            story.ended(1, "grpc_failed")


def test_no_call_is_made_twice_by_itself(calls: Make) -> None:
    story = calls(endpoints=2, retry=RetryModel(on=[503]))
    number = asks(story)
    story.upstream(refused(b"14")).ended(1, "grpc_failed").dialled(0, at=1)
    assert fields_of(story, number)[b"grpc-status"] == b"14"
