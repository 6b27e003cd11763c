"""Answers made at the door, between streams that only note what they are told."""

from typing import Any

import pytest

from porch import clock
from porch.clock import INFINITY
from porch.errors import IncompleteResponse, UpstreamStalled
from porch.filter import SUSPEND, Kept, Response
from porch.http.message import ResponseHead, Trailers
from porch.made import instead
from porch.route.route import ANSWERED, RUNNING
from tests.support.network import FakeClock
from tests.test_exchange import Bench, FakeStream

HEAD = ResponseHead(200, [(b"date", b"long ago"), (b"content-length", b"6")], 6)


class FakeSource:
    """A source and what it begins."""

    def __init__(self, *, all_leaves: bool = False) -> None:
        self.all_leaves = all_leaves
        self.stream = FakeStream()
        self.begun: list[tuple[Any, bytes, bool]] | None = None

    def open(self, exchange: Any) -> bool:
        exchange.client.send(exchange.response, b"", False)
        return self.all_leaves

    def begin(self, exchange: Any) -> Any:
        self.begun = list(exchange.client.sent)
        return self.stream


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def test_an_answer_of_the_door_has_its_fields() -> None:
    bench = Bench()
    bench.exchange.answer(Response(200, ((b"a", b"b"),), b"hi"))
    ((head, data, end),) = bench.client.sent
    assert head.fields == [
        (b"a", b"b"),
        (b"server", b"porch"),
        (b"date", clock.date),
        (b"content-length", b"2"),
    ]
    assert (data, end) == (b"hi", True)
    assert bench.exchange.ended


def test_an_answer_that_was_kept_goes_out_as_it_is() -> None:
    bench = Bench()
    bench.exchange.answer(Kept(HEAD, b"abcdef"))
    assert bench.client.sent == [(HEAD, b"abcdef", True)]
    assert bench.exchange.bytes_out == 6


def test_an_answer_to_head_counts_no_bytes() -> None:
    bench = Bench(method=b"HEAD")
    bench.exchange.answer(Response(200, (), b"hi"))
    assert bench.exchange.bytes_out == 0


def test_the_rest_of_a_body_comes_behind_its_head(fake: FakeClock) -> None:
    bench, source = Bench(), FakeSource()
    exchange = bench.exchange
    exchange.answer(Kept(HEAD, b"ab", source))
    assert source.begun == [(HEAD, b"ab", False)], "the head was there first"
    exchange.on_made(None, b"cd", False)
    trailers = Trailers([])
    exchange.on_made(trailers, b"ef", True)
    assert bench.client.sent[1:] == [(None, b"cd", False), (trailers, b"ef", True)]
    assert (exchange.bytes_out, exchange.status) == (6, 200)
    assert bench.client.told == ["finish early"]
    assert source.stream.told == []
    assert exchange.deadline == INFINITY


def test_a_source_waits_for_a_client_that_does_not_read() -> None:
    bench, source = Bench(), FakeSource()
    exchange = bench.exchange
    exchange.answer(Kept(HEAD, b"ab", source))
    exchange.on_client_full()
    exchange.on_client_drained()
    assert source.stream.told == ["pause", "resume"]


def test_a_client_that_was_full_at_the_head_pauses_its_source() -> None:
    bench, source = Bench(), FakeSource()
    bench.exchange.on_client_full()
    bench.exchange.answer(Kept(HEAD, b"ab", source))
    assert source.stream.told == ["pause"]


def test_a_client_that_leaves_ends_its_source() -> None:
    bench, source = Bench(), FakeSource()
    bench.exchange.answer(Kept(HEAD, b"ab", source))
    bench.exchange.on_client_lost()
    assert source.stream.told == ["abort"]
    assert bench.client.told == ["abort", "finish early"]


def test_what_breaks_in_the_middle_is_cut() -> None:
    bench, source = Bench(), FakeSource()
    bench.exchange.answer(Kept(HEAD, b"ab", source))
    bench.exchange.fail(IncompleteResponse())
    assert source.stream.told == ["abort"]
    assert bench.client.told == ["abort", "finish early"]


def test_a_source_that_says_nothing_is_not_waited_for_for_ever(fake: FakeClock) -> None:
    bench, source = Bench(), FakeSource()
    bench.exchange.answer(Kept(HEAD, b"ab", source))
    bench.exchange.on_deadline()
    assert isinstance(bench.exchange.error, UpstreamStalled)


def test_a_body_that_still_comes_is_not_sent_to_a_source() -> None:
    bench, source = Bench(method=b"POST", length=4), FakeSource()
    bench.exchange.answer(Kept(HEAD, b"ab", source))
    bench.exchange.on_request_data(None, b"more", True)
    assert source.stream.sent == [(None, b"more", True)], "who takes it throws it away"


def test_a_body_that_has_left_with_its_head_is_not_begun() -> None:
    bench = Bench()
    source = FakeSource(all_leaves=True)
    bench.exchange.answer(Kept(HEAD, b"", source))
    assert bench.client.sent == [(HEAD, b"", False), (None, b"", True)]
    assert source.begun is None
    assert bench.exchange.ended


def test_an_origin_is_let_go_of_when_another_answers(fake: FakeClock) -> None:
    stream = FakeStream()
    bench = Bench(stream, method=b"POST", length=4)
    exchange = bench.exchange
    exchange.on_request(b"", False)
    place = exchange.endpoint
    assert place is not None
    assert place.counts[RUNNING] == 1
    exchange.on_upstream_full()
    exchange.response = ResponseHead(200, [], 6)
    instead(exchange, SUSPEND)
    assert place.counts[RUNNING] == 0
    assert place.counts[ANSWERED] == clock.milliseconds
    assert "abort" in stream.told
    assert (exchange.endpoint, exchange.upstream, exchange.response) == (None, None, None)
    assert not exchange.upstream_full, "what the client still sends is read, and for nobody"
    assert not exchange.ended
    exchange.on_request_data(None, b"more", True)
    exchange.resume(Response(201, (), b"so"))
    assert [data for _, data, _ in bench.client.sent] == [b"so"]
    assert exchange.ended


def test_a_bad_answer_is_no_sign_of_life_even_if_another_answers(fake: FakeClock) -> None:
    bench = Bench(FakeStream())
    bench.exchange.on_request(b"", True)
    place = bench.exchange.endpoint
    assert place is not None
    before = place.counts[ANSWERED]
    bench.exchange.response = ResponseHead(503, [], 0)
    fake.advance(1)
    instead(bench.exchange, Response(403))
    assert place.counts[ANSWERED] == before
    assert bench.exchange.status == 403
