"""Answers that an origin gives at its own speed."""

import errno
import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from porch.balance.admission import Admission, Bounds
from porch.balance.endpoint import WIDTH
from porch.buffer.response import Ahead, BufferResponse
from porch.config.schema_retry import RetryModel
from porch.filter import Filter
from porch.route.route import REQUESTS, RUNNING, Timeouts
from porch.shared import Cells
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
PIECE = b"x" * 70_000
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def answer(size: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.fixture
def buffered(scenario: Make) -> Make:
    def make(most: int = 1_000_000, **settings: object) -> Scenario:
        return scenario(filters=[BufferResponse(most)], **settings)

    return make


def test_a_slow_client_does_not_hold_the_origin(buffered: Make) -> None:
    story = buffered().client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(answer(700_000))
    for _ in range(10):
        story.upstream_is_read().upstream(PIECE)
    assert story.endpoints[0].running == 0
    assert repr(story.endpoints[0].connections) == "<Pool e0 1 idle, 0 dialling>"
    story.ended(0).client_drained().client_gets(200, PIECE * 10).ended(1, "")
    assert story.latest.endpoint is story.endpoints[0]
    assert story.latest.bytes_out == 700_000


def test_the_origin_serves_others_meanwhile(buffered: Make) -> None:
    story = buffered().client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(answer(280_000) + PIECE).upstream(PIECE).upstream(PIECE).upstream(PIECE)
    story.connects().client(GET).upstream_gets(b"GET /a").upstream(answer(2) + b"hi")
    story.client_gets(200, b"hi").dialled(1)
    story.client_drained(at=0).client_gets(200, PIECE * 4, at=0)


def test_a_fast_client_gets_each_piece_as_it_comes(buffered: Make) -> None:
    story = buffered().client(GET).upstream_gets(b"GET /a").upstream(CHUNKED)
    for number in range(5):
        story.upstream(chunk(b"event %d" % number))
        story.client_gets(200 if not number else None, b"event %d" % number, end=False)
    story.upstream(b"0\r\n\r\n").client_gets(body=b"", end=True)


def test_no_more_than_its_bound_is_read_ahead(buffered: Make) -> None:
    story = buffered(140_000).client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(answer(490_000) + PIECE).upstream_is_read()
    story.upstream(PIECE).upstream_is_read().upstream(PIECE).upstream_is_read(False)
    story.upstream(PIECE * 4).client_drained().upstream_is_read().client_gets(200, PIECE * 7)


def test_it_is_read_on_when_all_that_waited_is_gone(buffered: Make) -> None:
    story = buffered(140_000).client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(answer(350_000) + PIECE).upstream(PIECE).upstream(PIECE)
    story.upstream_is_read(False).client_drained(100_000).upstream_is_read(False)
    story.client_drained().upstream_is_read().upstream(PIECE * 2).client_gets(200, PIECE * 5)


def test_trailers_and_an_end_that_comes_alone_are_not_lost(buffered: Make) -> None:
    story = buffered().client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(CHUNKED + chunk(PIECE)).upstream(chunk(PIECE)).upstream(b"0\r\na: 1\r\n\r\n")
    assert story.endpoints[0].running == 0
    story.client_drained().client_gets(200, PIECE * 2).ended(1, "")
    story = buffered().client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(CHUNKED + chunk(PIECE)).upstream(b"0\r\n\r\n").ended(1, "")
    story.client_drained().client_gets(200, PIECE)


def test_an_origin_that_breaks_off_is_told_to_the_client(buffered: Make) -> None:
    story = buffered().client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(answer(700_000) + PIECE).upstream(PIECE).upstream_resets()
    story.ended(1, "http_response_incomplete").client_drained().client_sees("closed")
    story.client_gets(200, end=False)


def test_a_client_that_leaves_ends_what_is_read_for_it(buffered: Make) -> None:
    story = buffered().client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(answer(700_000) + PIECE).upstream(PIECE).client_leaves()
    story.upstream_sees("closed").ended(1, "client_gone")
    story = buffered().client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(answer(210_000) + PIECE).upstream(PIECE).upstream(PIECE).client_leaves()
    story.upstream_sees("open").ended(1, "client_gone")
    assert story.endpoints[0].running == 0


def test_a_client_that_takes_nothing_is_given_up(buffered: Make) -> None:
    story = buffered(timeouts=Timeouts(idle=5.0)).client(GET).upstream_gets(b"GET /a")
    story.client_full().upstream(answer(210_000) + PIECE).upstream(PIECE).upstream(PIECE)
    story.advance(11.0).ended(1, "client_gone").client_sees("reset")


def test_a_full_disk_ends_the_answer_where_it_can_be_seen(
    buffered: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    story = buffered().client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(answer(700_000) + PIECE)
    monkeypatch.setattr(os, "pwrite", full)
    story.upstream(PIECE).upstream_is_read(False).ended(0)
    monkeypatch.undo()
    story.upstream(PIECE * 8).client_drained().client_gets(200, PIECE * 10)


def test_the_second_attempt_is_read_ahead_too_if_it_wins(scenario: Make) -> None:
    retry = RetryModel.model_validate({"hedge": "200ms"})
    story = scenario(filters=[BufferResponse(1_000_000)], endpoints=2, retry=retry).client(GET)
    story.upstream_gets(b"GET /a").advance(0.25).upstream_gets(b"GET /a", at=1).client_full()
    # the head, and in the same read more than one piece
    story.upstream(CHUNKED + chunk(b"a" * 1000) + chunk(b"b" * 1000), at=1)
    story.upstream_sees("closed", at=0).upstream(chunk(PIECE), at=1).upstream_is_read(at=1)
    story.upstream(chunk(PIECE) + b"0\r\n\r\n", at=1).ended(0)
    assert [each.running for each in story.endpoints] == [0, 0]
    story.client_drained().client_gets(200, b"a" * 1000 + b"b" * 1000 + PIECE * 2).ended(1, "")


def test_an_early_answer_does_not_let_the_request_into_a_connection_of_others(
    buffered: Make,
) -> None:
    post = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc"
    story = buffered().client(post).upstream_gets(b"POST /a", b"abc", end=False).client_full()
    story.upstream(answer(210_000) + PIECE).upstream(PIECE).upstream(PIECE)
    story.client(b"def").upstream_gets_nothing().upstream_sees("closed").client_drained()
    story.client_gets(200, PIECE * 3).client(b"ghi").ended(1, "")


def test_what_the_client_wants_of_an_origin_that_is_done_concerns_no_other(buffered: Make) -> None:
    story = buffered().client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(answer(210_000) + PIECE).upstream(PIECE).upstream(PIECE)
    exchange = story.recorder.began[0]
    assert isinstance(exchange.upstream, Ahead)
    connection = exchange.upstream.upstream
    story.connects().client(GET).upstream_gets(b"GET /a")
    exchange.upstream.sip(True)
    assert not connection._sips  # type: ignore[attr-defined]
    assert exchange.upstream.unsent() == 0
    story.upstream(answer(2) + b"hi").client_gets(200, b"hi").dialled(1)
    exchange.sips = True  # it gets what waits in small pieces
    story.client_drained(at=0).client_gets(200, PIECE * 3, at=0)


def test_a_place_of_the_pool_is_free_when_the_origin_is_done(scenario: Make) -> None:
    upstream: Any = SimpleNamespace(name="api", in_rotation=1, most=None)
    cells = Cells(WIDTH)
    admission = Admission(upstream, Bounds(pool=1), cells)
    story = scenario(filters=[BufferResponse(1_000_000), admission]).client(GET)
    story.upstream_gets(b"GET /a").client_full().upstream(answer(210_000) + PIECE).upstream(PIECE)
    story.connects().client(GET).upstream_gets_nothing().upstream(PIECE)
    story.upstream_gets(b"GET /a").upstream(answer(2) + b"hi").client_gets(200, b"hi")
    assert cells.total(RUNNING) == 0
    story.client_drained(at=0).client_gets(200, PIECE * 3, at=0).ended(2, "")
    assert (cells.total(RUNNING), cells.total(REQUESTS)) == (0, 2)


def test_a_hook_that_fails_when_the_origin_is_done_costs_nobody_an_answer(scenario: Make) -> None:
    class Broken(Filter):
        def on_upstream_done(self, exchange: object) -> None:
            raise ValueError("a defect")

    story = scenario(filters=[BufferResponse(1_000_000), Broken()]).client(GET)
    story.upstream_gets(b"GET /a").client_full().upstream(answer(140_000) + PIECE).upstream(PIECE)
    story.reported(ValueError).client_drained().client_gets(200, PIECE * 2).ended(1, "")
