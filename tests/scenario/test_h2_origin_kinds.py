"""Origins that speak HTTP/2, or may: WebSockets, and https://."""

from collections.abc import Callable

import pytest

from porch.balance.endpoint import FAILED
from porch.config.schema_retry import RetryModel
from porch.forward.address import BOTH, TWO
from porch.http.h2_client import ORIGIN_STREAM_WINDOW
from tests.support.h2_story import GET, POST, leave, origin, spoken
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]


@pytest.fixture
def story(scenario: Make) -> Scenario:
    return spoken(scenario())


WEBSOCKET = (
    b"GET /ws HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n"
)


def test_a_websocket_goes_through_a_stream(story: Scenario) -> None:
    story.client(WEBSOCKET)
    far = origin(story, {8: 1})
    asked = far.requests[1]
    assert asked.fields[:2] == [(b":method", b"CONNECT"), (b":protocol", b"websocket")]
    assert (asked.get(b":path"), asked.get(b"sec-websocket-version")) == (b"/ws", b"13")
    assert asked.get(b"sec-websocket-key") is None
    far.answer(1, fields=((b"sec-websocket-protocol", b"chat"),), end=False)
    story.client_gets(101, field=(b"sec-websocket-accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
    story.client(b"\x81\x80keys")
    far.hear()
    assert far.requests[1].body == b"\x81\x80keys"
    far.more(1, b"\x81\x00")
    story.client_gets(raw=b"\x81\x00")
    far.more(1, b"\x88\x00", end=True)
    story.client_gets(raw=b"\x88\x00").client_eof()
    far.hear()
    assert far.requests[1].ended
    story.ended(1, "")
    leave(story, far)


def test_one_whose_client_ends_first(story: Scenario) -> None:
    story.client(WEBSOCKET)
    far = origin(story, {8: 1})
    far.answer(1, end=False)
    story.client_gets(101).client_eof()
    far.hear()
    assert far.requests[1].ended
    far.h2.end_stream(1)
    far.flush()
    story.ended(1, "").client_sees("closed")
    leave(story, far)


def test_a_refused_websocket_is_an_answer(story: Scenario) -> None:
    story.client(WEBSOCKET)
    far = origin(story, {8: 1})
    far.answer(1, 403, b"no")
    story.client_gets(403, b"no").ended(1, "")
    leave(story, far)


def test_where_the_settings_allow_none_there_is_a_sentence(story: Scenario) -> None:
    story.client(WEBSOCKET)
    far = origin(story)
    assert far.requests == {}
    story.client_gets(502).ended(1, "http_upgrade_failed")
    story.connects().client(WEBSOCKET)
    story.client_gets(502).ended(2, "http_upgrade_failed")
    leave(story, far)


def test_the_origin_of_a_websocket_is_told_when_the_door_ends_it(
    story: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_bytes", lambda count: b"key!"[:count])
    story.client(WEBSOCKET)
    far = origin(story, {8: 1})
    far.answer(1, end=False)
    story.client_gets(101).closes_now()
    far.hear()
    assert far.requests[1].body[:6] == b"\x88\x90key!"
    assert far.requests[1].ended
    far.h2.end_stream(1)
    far.flush()
    story.clients[0].transport.arrived.clear()
    story.client_eof()
    leave(story, far)


# --- https:// ------------------------------------------------------------------------------------


def agreeing(story: Scenario, protocol: str) -> Scenario:
    """The endpoint is https://, and chooses so in its handshakes."""
    dialer = story.dialers[0]
    dialer.protocols, dialer.is_secure = BOTH, True
    dialer.chosen = protocol
    dialer.one = type(dialer)(dialer._connect)
    return story


def test_an_origin_that_agrees_speaks_http_2(scenario: Make) -> None:
    story = agreeing(scenario(upstream_tls=True), "h2")
    story.client(GET)
    far = origin(story)
    assert far.requests[1].get(b":scheme") == b"https"
    far.answer(1, body=b"a")
    story.client_gets(200, b"a")
    leave(story, far)


def test_one_that_does_not_speaks_http_1_1(scenario: Make) -> None:
    story = agreeing(scenario(upstream_tls=True), "")
    story.endpoint("hangs")
    for _ in range(2):
        story.connects().client(GET)
    story.dialled(1).endpoint("accepts").dialled(2)
    for at in range(2):
        story.upstream_gets(b"GET /a", at=at)
        story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", at=at)
        story.client_gets(200, at=at)
    story.endpoint("hangs")
    story.connects().client(GET).upstream_gets(b"GET /a", at=1)
    story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", at=1).client_gets(200)
    story.advance(4.5)


def test_one_that_must_and_does_not_is_an_error_of_its_own(scenario: Make) -> None:
    story = agreeing(scenario(upstream_tls=True, retries=0), "http/1.1")
    story.dialers[0].protocols, story.dialers[0].one = TWO, None
    story.client(GET).client_gets(502).ended(1, "http_protocol_error")
    assert "did not agree to h2" in str(story.latest.error)


def test_a_request_that_wants_http_1_1_gets_it(scenario: Make) -> None:
    story = agreeing(scenario(upstream_tls=True), "h2")
    story.client(POST + b"abc")
    far = origin(story)
    far.say(("reset_stream", (1, 13)))
    story.upstream_gets(b"POST /a", b"abc")
    story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").client_gets(200)
    leave(story, far)


def test_a_websocket_takes_http_1_1_where_http_2_has_none(scenario: Make) -> None:
    story = agreeing(scenario(upstream_tls=True), "h2")
    story.client(WEBSOCKET)
    far = origin(story)
    story.upstream_gets(b"GET /ws", field=(b"upgrade", b"websocket"))
    story.upstream(
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    )
    story.client_gets(101).client_leaves()
    story.connects().client(GET)
    far.hear()
    far.answer(1)
    story.client_gets(200)
    leave(story, far)


def test_one_who_speaks_http_1_1_without_tls_is_named(story: Scenario) -> None:
    story.client(GET)
    story.upstreams[0].transport.arrived.clear()
    story.upstream(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    story.client_gets(502).ended(1, "http_protocol_error")
    assert "e0 speaks HTTP/1.1" in str(story.latest.error)
    story.upstreams[0].transport.arrived.clear()


# --- a second attempt beside the first ----------------------------------------------------------


@pytest.mark.parametrize("faster", [0, 1])
def test_of_two_attempts_the_slower_is_cancelled(scenario: Make, faster: int) -> None:
    retry = RetryModel.model_validate({"hedge": "200ms"})
    story = spoken(scenario(endpoints=2, retry=retry))
    story.client(GET)
    origins = [origin(story)]
    story.advance(0.25)
    origins.append(origin(story))
    origins[faster].answer(1, body=b"hi")
    story.client_gets(200, b"hi").ended(1, "")
    origins[1 - faster].hear()
    assert origins[1 - faster].requests[1].reset == 8
    assert [each.running for each in story.endpoints] == [0, 0]
    leave(story, *origins)


def test_one_that_is_refused_leaves_it_to_the_other(scenario: Make) -> None:
    retry = RetryModel.model_validate({"hedge": "200ms"})
    story = spoken(scenario(endpoints=2, retry=retry))
    story.client(GET)
    first = origin(story)
    story.advance(0.25)
    second = origin(story)
    second.say(("reset_stream", (1, 7)))
    first.answer(1)
    story.client_gets(200).ended(1, "")
    assert [each.counts[FAILED] for each in story.endpoints] == [0, 0]
    leave(story, first, second)


def test_a_second_attempt_that_wins_has_a_long_answer(scenario: Make) -> None:
    retry = RetryModel.model_validate({"hedge": "200ms"})
    story = spoken(scenario(endpoints=2, retry=retry))
    story.client(GET)
    first = origin(story)
    story.advance(0.25)
    second = origin(story)
    piece = b"x" * ORIGIN_STREAM_WINDOW
    second.answer(1, body=piece, end=False)
    second.more(1, piece, end=True)
    story.client_gets(200, piece + piece).ended(1, "")
    first.hear()
    leave(story, first, second)
