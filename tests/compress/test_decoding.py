"""Coded bodies of requests that are larger than what is given on at once, or made to do harm."""

import gzip
from collections.abc import Callable

import pytest

from porch.buffer.request import BufferRequest
from porch.compress.decoder import STEP
from porch.compress.requests import DecodeRequests
from tests.scenario.conftest import scenario
from tests.support.scenario import Scenario

__all__ = ["scenario"]

MOST = 10 << 20
BODY = bytes(MOST)
DATA = gzip.compress(BODY)
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
HEAD = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-encoding: gzip\r\n"
SAID = HEAD + b"content-length: %d\r\n\r\n" % len(DATA)
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.fixture
def story(scenario: Callable[..., Scenario]) -> Scenario:
    return scenario(filters=[DecodeRequests(MOST)])


def waiting(story: Scenario) -> int:
    return len(story.upstreams[-1].transport.buffer) + len(story.recorder.began[-1].held or b"")


def test_what_the_origin_does_not_take_is_not_decoded(story: Scenario) -> None:
    story.client(CHUNKED).upstream_gets(b"POST /a", end=False).upstream_full()
    story.client(chunk(DATA) + b"0\r\n\r\n").advance(0.2, tick=0.01)
    assert waiting(story) <= 3 * STEP
    for _ in range(20):
        story.upstream_drained(100_000).advance(0.1, tick=0.01)
        assert waiting(story) <= 4 * STEP
    story.upstream_drained().advance(1.0, tick=0.01).upstream_gets(body=BODY)
    story.upstream(ANSWER).client_gets(200, b"ok").ended(1, "")
    assert story.latest.bytes_in == len(DATA)


@pytest.mark.parametrize("cut", [0, 5, 5000])
def test_all_of_it_comes_with_its_head_or_behind(story: Scenario, cut: int) -> None:
    story.client(SAID + DATA[:cut]).client(DATA[cut:]).advance(1.0, tick=0.01)
    story.upstream_gets(b"POST /a", BODY, without=b"content-length")
    story.upstream(ANSWER).client_gets(200, b"ok").ended(1, "")
    story.client(SAID + DATA).advance(1.0, tick=0.01).upstream_gets(b"POST /a", BODY)
    story.upstream(ANSWER).client_gets(200, b"ok").ended(2, "")


def test_without_an_origin_it_waits_coded(scenario: Callable[..., Scenario]) -> None:
    story = scenario(filters=[DecodeRequests(MOST)]).endpoint("hangs")
    story.client(SAID + DATA).advance(0.5, tick=0.01)
    assert len(story.recorder.began[-1].held or b"") <= 4 * STEP
    story.client_leaves().ended(1, "client_gone")


def test_one_that_is_gathered_first_has_its_length(scenario: Callable[..., Scenario]) -> None:
    story = scenario(filters=[DecodeRequests(MOST), BufferRequest(MOST)])
    story.client(CHUNKED + chunk(DATA[:5000])).advance(0.2, tick=0.01)
    story.client(chunk(DATA[5000:]) + b"0\r\n\r\n").advance(2.0, tick=0.01)
    story.upstream_gets(b"POST /a", BODY, field=(b"content-length", b"%d" % MOST))
    story.upstream(ANSWER).client_gets(200, b"ok")


def test_trailers_stay_behind_it(story: Scenario) -> None:
    story.client(CHUNKED + chunk(DATA) + b"0\r\na: b\r\n\r\n").advance(1.0, tick=0.01)
    story.upstream_gets(b"POST /a", BODY, trailers=[(b"a", b"b")])
    story.upstream(ANSWER).client_gets(200, b"ok")


@pytest.mark.parametrize(
    ("data", "status"),
    [(gzip.compress(BODY + b"a"), 413), (DATA[:-8] + b"rubbish!", 400)],
)
def test_what_is_refused_late_keeps_nothing(story: Scenario, data: bytes, status: int) -> None:
    story.client(CHUNKED + chunk(data) + b"0\r\n\r\n").advance(1.0, tick=0.01).client_gets(status)
    story.upstream_sees("closed")
    error = story.recorder.ended[-1].error
    assert error is not None
    assert (error.__traceback__, error.__context__) == (None, None)
    story.upstreams[-1].transport.arrived.clear()


def test_a_client_that_leaves_is_heard_meanwhile(story: Scenario) -> None:
    story.client(CHUNKED).upstream_gets(b"POST /a", end=False).upstream_full()
    story.client(chunk(DATA) + b"0\r\n\r\n").client_leaves().ended(1, "client_gone")
    story.upstreams[-1].transport.arrived.clear()


def test_an_answer_before_its_end_drops_the_rest(story: Scenario) -> None:
    story.client(CHUNKED).upstream_gets(b"POST /a", end=False).upstream_full()
    story.client(chunk(DATA) + b"0\r\n\r\n").upstream(ANSWER).client_gets(200, b"ok").ended(1, "")
    story.advance(1.0, tick=0.01)
    story.client(b"GET /b HTTP/1.1\r\nhost: x\r\n\r\n").upstream_gets(b"GET /b")
    story.upstream(ANSWER).client_gets(200, b"ok")
