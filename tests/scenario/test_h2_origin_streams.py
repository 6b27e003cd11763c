"""Requests that an origin over HTTP/2 did not look at, refuses or has no room for: who has them."""

from collections.abc import Callable

import pytest

from porch.errors import ConnectionLost
from porch.forward.h2 import PATIENCE, QUIET
from tests.support.h2_origin import H2Origin
from tests.support.h2_story import GET, POST, leave, origin, spoken
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]


@pytest.fixture
def story(scenario: Make) -> Scenario:
    return spoken(scenario())


# --- what an origin has not looked at ------------------------------------------------------------


def test_behind_a_goaway_the_rest_is_asked_on_a_new_connection(story: Scenario) -> None:
    story.client(GET)
    far = origin(story)
    story.connects().client(POST + b"abc")
    far.hear()
    far.say(("close_connection", (0, None, 1)))
    story.dialled(2)
    other = origin(story)
    assert other.requests[1].body == b"abc"
    other.answer(1, 201)
    story.client_gets(201, at=1)
    story.client_leaves(0)  # hyper-h2 cannot answer behind its GOAWAY
    story.upstream_sees("closed", at=0)
    far.transport.arrived.clear()
    leave(story, other)


def goes_away(story: Scenario, far: H2Origin, last: int) -> None:
    """It looks at no stream above `last`, and will take no more."""
    away = b"\0\0\x08\x07\0\0\0\0\0" + last.to_bytes(4, "big") + bytes(4)
    story._do(lambda: far.transport.feed(away))


def test_one_that_is_left_behind_is_asked_as_often_as_connections_get_on(story: Scenario) -> None:
    rounds = 8
    for _ in range(rounds):
        story.connects().client(POST + b"abc")
    for at in range(rounds):  # each connection takes one and goes
        far = origin(story)
        assert [*far.requests] == [*range(1, 2 * (rounds - at), 2)]
        goes_away(story, far, 1)
        far.answer(1)
        story.client_gets(200, at=at)
        far.hear()
        story.upstream_sees("closed", at=at)
        far.transport.arrived.clear()
    story.dialled(rounds).ended(rounds, "")


def test_one_whom_nobody_looks_at_is_not_sent_for_ever(story: Scenario) -> None:
    story.client(POST + b"abc")
    for at in range(3):
        far = origin(story)
        goes_away(story, far, 0)
        far.hear()
        story.upstream_sees("closed", at=at)
        far.transport.arrived.clear()
    story.dialled(3).client_gets(502).ended(1, "connection_terminated")


def test_who_may_not_be_sent_again_at_all_is_not(scenario: Make) -> None:
    story = spoken(scenario(endpoints=1, retries=0))
    story.client(GET)
    far = origin(story)
    story.connects().client(GET)
    far.hear()
    goes_away(story, far, 1)
    far.answer(1)
    story.client_gets(200, at=0).client_gets(502, at=1).dialled(1)
    far.hear()
    far.transport.arrived.clear()


@pytest.mark.parametrize("method", [GET, POST + b"abc"])
def test_a_refused_stream_is_asked_again_once_at_the_same_endpoint(
    story: Scenario, method: bytes
) -> None:
    story.client(method)
    far = origin(story)
    far.say(("reset_stream", (1, 7)))
    assert [*far.requests] == [1, 3]
    far.answer(3)
    story.client_gets(200).dialled(1).ended(1, "")
    leave(story, far)


@pytest.mark.parametrize("method", [GET, POST + b"abc"])
def test_one_that_was_left_behind_was_not_refused_yet(story: Scenario, method: bytes) -> None:
    story.client(method)
    far = origin(story)
    goes_away(story, far, 0)
    far.hear()
    story.upstream_sees("closed", at=0)
    far.transport.arrived.clear()
    other = origin(story)
    other.say(("reset_stream", (1, 7)))
    other.answer(3)
    story.client_gets(200).dialled(2).ended(1, "")
    leave(story, other)


def test_who_refuses_again_is_left_for_another(scenario: Make) -> None:
    story = spoken(scenario(endpoints=2))
    story.client(POST + b"abc")
    far = origin(story)
    far.say(("reset_stream", (1, 7)))
    far.say(("reset_stream", (3, 7)))
    other = origin(story)
    other.answer(1)
    story.client_gets(200).dialled(1, 0).dialled(1, 1)
    leave(story, far, other)


def test_an_only_endpoint_that_refuses_all_leads_to_503(story: Scenario) -> None:
    story.client(GET)
    far = origin(story)
    far.say(("reset_stream", (1, 7)))
    far.say(("reset_stream", (3, 7)))
    story.client_gets(503)
    leave(story, far)


@pytest.mark.parametrize(("ask", "again"), [(GET, True), (POST + b"abc", False)])
def test_a_reset_is_like_a_connection_that_was_lost(
    scenario: Make, ask: bytes, again: bool
) -> None:
    story = spoken(scenario(endpoints=2))
    story.client(ask)
    far = origin(story)
    far.say(("reset_stream", (1, 2)))
    origins = [far]
    if again:
        origins.append(origin(story))
        origins[1].answer(1)
        story.client_gets(200)
    else:
        story.client_gets(502).ended(1, "connection_terminated")
    leave(story, *origins)


def test_a_reset_inside_the_answer_cuts_it(story: Scenario) -> None:
    story.client(GET)
    far = origin(story)
    far.answer(1, body=b"ab", end=False)
    story.client_gets(200, b"ab", end=False)
    far.say(("reset_stream", (1, 2)))
    story.ended(1, "http_response_incomplete").client_sees("closed")
    leave(story, far)


def test_a_connection_that_is_lost_ends_all_of_its_streams(scenario: Make) -> None:
    story = spoken(scenario(endpoints=1, retries=0))
    story.client(GET)
    far = origin(story)
    story.connects().client(GET)
    far.hear()
    far.answer(3, body=b"a", end=False)
    story.client_gets(200, b"a", end=False, at=1)
    story.upstream_resets()
    story.client_gets(502, at=0).client_sees("closed", at=1).ended(2)


@pytest.mark.parametrize(
    ("frame", "word"),
    [
        (b"\0\0\4\x08\0\0\0\0\0" + bytes(4), "http_protocol_error"),  # WINDOW_UPDATE of 0
        (b"\0\0\x03\x06\0\0\0\0\0abc", "http_protocol_error"),  # a PING that is too short
        (b"", "http_response_timeout"),  # and none that is answered
    ],
)
def test_who_ended_an_answer_is_in_the_log(story: Scenario, frame: bytes, word: str) -> None:
    story.client(GET)
    far = origin(story)
    far.answer(1, body=b"a", end=False)
    story.client_gets(200, b"a", end=False)
    if frame:
        story._do(lambda: far.transport.feed(frame))
    else:
        story.advance(QUIET + PATIENCE + 1)
    story.ended(1, word).client_sees("closed").upstream_sees("closed")
    assert "lost" not in (story.latest.error or ConnectionLost()).detail
    far.transport.arrived.clear()


# --- streams that an origin takes ----------------------------------------------------------------


def test_beyond_the_streams_of_an_origin_there_is_a_second_connection(story: Scenario) -> None:
    story.client(GET)
    first = origin(story, {3: 2})
    story.connects().client(GET)
    story.dialled(1)
    story.connects().client(GET)
    story.dialled(2)
    second = origin(story, {3: 2})
    first.hear()
    assert (len(first.requests), len(second.requests)) == (2, 1)
    for far in (first, second):
        for stream in far.requests:
            far.answer(stream)
    for at in range(3):
        story.client_gets(200, at=at)
    leave(story, first, second)


def test_no_request_is_sent_before_it_is_known_how_many_may_be(story: Scenario) -> None:
    for _ in range(3):
        story.connects().client(GET)
    story.dialled(1)
    assert b"/a" not in story.upstreams[0].transport.arrived
    first = origin(story, {3: 1})
    story.dialled(3)
    others = [origin(story, {3: 1}, at) for at in (1, 2)]
    for far in (first, *others):
        far.answer(1)
    for at in range(3):
        story.client_gets(200, at=at)
    leave(story, first, *others)


def test_who_waits_for_a_connection_takes_the_stream_that_ends_meanwhile(story: Scenario) -> None:
    story.client(GET)
    far = origin(story, {3: 1})
    story.endpoint("hangs")
    story.connects().client(GET)
    story.dialled(2)
    far.answer(1)
    assert [*far.requests] == [1, 3]
    far.answer(3)
    story.client_gets(200, at=0).client_gets(200, at=1)
    story.advance(6)
    far.hear()
    story.endpoint("accepts").dialled(2)


def test_an_origin_that_takes_no_request_is_left_for_another(scenario: Make) -> None:
    story = spoken(scenario(endpoints=2))
    story.client(POST + b"abc")
    none = origin(story, {3: 0})
    story.advance(5.5)
    other = origin(story)
    assert other.requests[1].body == b"abc"
    other.answer(1)
    story.client_gets(200).ended(1, "").upstream_sees("closed", at=0)
    assert none.requests == {}
    none.transport.arrived.clear()
    leave(story, other)
