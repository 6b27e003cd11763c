"""The exchange alone, between two streams that only note what they are told.

How it behaves between real connections is told in tests/scenario.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from porch import clock
from porch.balance.budget import Budget
from porch.balance.hedge import adopt
from porch.clock import INFINITY, Deadlines
from porch.errors import (
    AnswerRefused,
    ClientGone,
    ConnectionLost,
    ConnectionRefused,
    EndpointSilent,
    GatewayTimeout,
    IncompleteResponse,
    InternalError,
    NoEndpoint,
    PorchError,
)
from porch.exchange import EXPECT_PATIENCE, HELD, Exchange
from porch.filter import Response
from porch.http.message import RequestHead, ResponseHead, Trailers
from porch.route.plan import Plan
from porch.route.route import RUNNING, Route
from tests.support.network import FakeClock
from tests.support.scenario import Recorder


class FakeStream:
    """Either side. left: what it has not sent yet, for those who ask."""

    peer = b"192.0.2.7"
    port = b"80"
    interim = True

    security = None
    trailers = True

    def __init__(self, reused: bool = False) -> None:
        self.reused = reused
        self.sent: list[tuple[Any, bytes, bool]] = []
        self.told: list[str] = []
        self.left = 0

    def send(self, head: Any, data: bytes, end: bool) -> None:
        self.sent.append((head, data, end))

    def pause_reading(self) -> None:
        self.told.append("pause")

    def resume_reading(self) -> None:
        self.told.append("resume")

    def abort(self, error: Exception) -> None:
        self.told.append("abort")

    def unsent(self) -> int:
        return self.left

    def finish(self, request_done: bool) -> None:
        self.told.append("finish" if request_done else "finish early")


class FakePool:
    """An endpoint and its connections at once. gives: what is there at once."""

    name = "e"

    def __init__(self) -> None:
        self.counts = [0, 0, 0, 0]
        self.connections = self
        self.usual = 0.0
        self.patience = 1.0
        self.out: dict[str, object] = {}
        self.silent: Any = None
        self.gives: list[FakeStream] = []
        self.told: list[str] = []

    def acquire(self, exchange: Exchange) -> FakeStream | None:
        self.told.append("acquire")
        return self.gives.pop(0) if self.gives else None

    def cancel(self, exchange: Exchange) -> None:
        self.told.append("cancel")

    def on_bad(self, word: str) -> None:
        self.told.append(f"bad {word}")

    def on_heard(self) -> None:
        self.told.append("heard")

    def on_waits(self, exchange: Exchange) -> Any:
        self.told.append("waits")
        return self.silent


class Pools:
    """A destination of these endpoints, and the keeper."""

    name = "pool"

    def __init__(self, *endpoints: FakePool) -> None:
        self.endpoints = endpoints
        self.deadlines = Deadlines()
        self.running = 0
        self.own_fields = ((b"server", b"porch"),)
        self.reports: list[Exception] = []
        self.budget = Budget()

    def candidates(self, exchange: Exchange) -> Iterator[FakePool]:
        return iter(self.endpoints)

    def nobody(self, error: PorchError | None) -> PorchError:
        return error or NoEndpoint("nobody")

    def error_page(self, exchange: Exchange, error: Any) -> Response:
        return Response(error.status, (), error.word.encode())

    def report(self, exchange: Exchange, error: Exception) -> None:
        self.reports.append(error)


class Bench:
    """One exchange. Endpoints, the client and the recorder are there to be asked."""

    def __init__(self, *streams: FakeStream, method: bytes = b"GET", **head: Any) -> None:
        self.first, self.second = FakePool(), FakePool()
        self.first.gives = list(streams)
        self.pools: Any = Pools(self.first, self.second)
        self.recorder = Recorder()
        self.client = FakeStream()
        destination: Any = self.pools
        route = Route(key="r", plan=Plan([self.recorder]), destination=destination)
        request = RequestHead(method, b"/a", b"x", b"http", [], **head)
        client: Any = self.client
        self.exchange = Exchange(self.pools, client, request, route, b"192.0.2.7")


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


OK = ResponseHead(200, [], 2)


def test_a_whole_exchange_keeps_its_accounts(fake: FakeClock) -> None:
    upstream = FakeStream()
    bench = Bench(upstream, method=b"POST", length=3)
    exchange = bench.exchange
    assert exchange.started == fake.time
    exchange.on_request(b"ab", False)
    assert bench.first.counts[RUNNING] == 1
    assert exchange.connected == fake.time
    fake.time += 1
    exchange.on_request_data(None, b"c", True)
    fake.time += 1
    exchange.on_response(OK, b"h", False)
    assert exchange.first_byte == fake.time
    fake.time += 1
    exchange.on_response(None, b"i", True)
    assert exchange.ended == fake.time
    assert (exchange.bytes_in, exchange.bytes_out, exchange.attempts) == (3, 2, 1)
    assert (exchange.status, exchange.error) == (200, None)
    assert [(data, end) for _, data, end in upstream.sent] == [(b"ab", False), (b"c", True)]
    assert bench.client.sent == [(OK, b"h", False), (None, b"i", True)]
    assert bench.client.told == ["resume", "finish"]
    assert bench.first.counts[RUNNING] == 0
    assert len(bench.pools.deadlines) == 0


def test_it_waits_in_deadlines_from_request_to_end() -> None:
    bench = Bench(FakeStream())
    bench.exchange.on_request(b"", True)
    assert len(bench.pools.deadlines) == 1
    bench.exchange.on_client_lost()
    assert len(bench.pools.deadlines) == 0
    assert bench.exchange.deadline == INFINITY


def test_while_dialling_the_pool_has_the_deadline() -> None:
    bench = Bench()
    bench.exchange.on_request(b"", True)
    assert bench.exchange.deadline == INFINITY
    assert bench.first.told == ["acquire"]


@pytest.mark.parametrize(
    ("request_done", "expect", "seconds"),
    [(True, False, 1.0), (False, False, 60.0), (False, True, EXPECT_PATIENCE)],
)
def test_a_connection_starts_the_patience(request_done: bool, expect: bool, seconds: float) -> None:
    bench = Bench(FakeStream(), length=9, expect=expect)
    bench.exchange.on_request(b"", request_done)
    assert bench.exchange.deadline == clock.now + seconds


def test_the_head_of_each_attempt_is_its_own() -> None:
    bench = Bench(FakeStream(reused=True), FakeStream())
    exchange = bench.exchange
    exchange.on_request(b"", True)
    before = exchange.outgoing
    exchange.on_upstream_lost(ConnectionLost())
    assert exchange.outgoing is not before
    assert exchange.outgoing is not exchange.request
    assert exchange.attempts == 2
    assert bench.first.told == ["acquire", "acquire"], "the same endpoint, another connection"
    assert bench.first.counts[RUNNING] == 1


def test_a_failed_connection_leads_to_the_next_endpoint_and_is_forgotten_with_it() -> None:
    bench = Bench()
    exchange = bench.exchange
    exchange.on_request(b"", True)
    bench.second.gives = [FakeStream()]
    exchange.on_connect_failed(ConnectionRefused("no"))
    assert (bench.first.counts[RUNNING], bench.second.counts[RUNNING]) == (0, 1)
    assert exchange.error is None, "an attempt is under way"
    exchange.on_response(OK, b"hi", True)
    assert exchange.error is None


@pytest.mark.parametrize("size", [HELD, HELD + 1])
def test_what_is_held_for_a_repetition_is_bounded(size: int) -> None:
    bench = Bench(FakeStream(reused=True), FakeStream(), method=b"PUT", length=99_999)
    exchange = bench.exchange
    exchange.on_request(b"", False)
    exchange.on_request_data(None, b"x" * size, False)
    exchange.on_upstream_lost(ConnectionLost())
    assert exchange.status == (502 if size > HELD else 0)


def test_nothing_is_held_once_the_answer_has_begun() -> None:
    bench = Bench(FakeStream(reused=True), FakeStream())
    bench.exchange.on_request(b"", True)
    bench.exchange.on_response(OK, b"h", False)
    bench.exchange.on_upstream_lost(IncompleteResponse())
    assert bench.client.told == ["abort", "finish"]
    assert bench.exchange.attempts == 1


def test_trailers_are_kept_with_what_is_held() -> None:
    upstream = FakeStream()
    bench = Bench(length=None)
    trailers = Trailers([(b"x-sum", b"1")])
    bench.exchange.on_request(b"a", False)
    bench.exchange.on_request_data(trailers, b"b", True)
    stream: Any = upstream
    bench.exchange.on_connected(stream)
    assert [(data, end) for _, data, end in upstream.sent] == [(b"ab", False), (b"", True)]
    assert upstream.sent[1][0] is trailers


def test_a_failure_behind_the_end_changes_nothing() -> None:
    bench = Bench(FakeStream())
    bench.exchange.on_request(b"", True)
    bench.exchange.on_response(OK, b"hi", True)
    sent = len(bench.client.sent)
    for call in (
        bench.exchange.on_client_lost,
        lambda: bench.exchange.on_upstream_lost(ConnectionLost()),
        lambda: bench.exchange.on_connect_failed(ConnectionRefused()),
        lambda: bench.exchange.fail(GatewayTimeout()),
        lambda: bench.exchange.on_request_data(None, b"x", True),
        bench.exchange.resume,
    ):
        call()
    assert len(bench.client.sent) == sent
    assert bench.recorder.ended == [bench.exchange]
    assert bench.first.counts[RUNNING] == 0


def test_a_client_that_is_full_pauses_the_upstream_and_only_then_resumes_it() -> None:
    upstream = FakeStream()
    bench = Bench(upstream)
    bench.exchange.on_request(b"", True)
    bench.exchange.on_client_drained()
    assert upstream.told == []
    bench.exchange.on_client_full()
    bench.exchange.on_client_drained()
    assert upstream.told == ["pause", "resume"]


def test_a_full_side_that_moves_is_waited_for() -> None:
    bench = Bench(FakeStream())
    exchange = bench.exchange
    exchange.on_request(b"", True)
    exchange.on_response(OK, b"h", False)
    exchange.on_client_full()
    for left in (900, 800, 700):
        bench.client.left = left
        exchange.on_deadline()
        assert exchange.deadline == clock.now + 60
    exchange.on_deadline()
    assert isinstance(exchange.error, ClientGone)


def test_no_candidates_at_all_is_503() -> None:
    bench = Bench()
    bench.pools.endpoints = ()
    bench.exchange.on_request(b"", True)
    assert bench.exchange.status == 503
    assert bench.client.sent[0][1] == b"destination_unavailable"


def test_a_rewrite_that_raises_is_500() -> None:
    upstream = FakeStream()
    bench = Bench(upstream)

    def rewrite(request: RequestHead) -> bytes:
        raise KeyError(request.target)

    bench.exchange.route.rewrite = rewrite
    bench.exchange.on_request(b"", True)
    assert bench.exchange.status == 500
    assert isinstance(bench.exchange.error, InternalError)
    assert [type(each) for each in bench.pools.reports] == [KeyError]
    assert upstream.told == ["abort"]
    assert bench.first.counts[RUNNING] == 0


def test_it_says_where_it_is() -> None:
    bench = Bench(FakeStream(), method=b"POST")
    exchange = bench.exchange
    assert repr(exchange) == "<Exchange <POST /a 0 fields> - running>"
    exchange.on_request(b"", True)
    assert repr(exchange) == "<Exchange <POST /a 0 fields> - to e running>"
    exchange.on_upstream_lost(ConnectionLost("x"))
    assert repr(exchange) == "<Exchange <POST /a 0 fields> 502 to e connection_terminated ended>"


# --- an endpoint that answers nobody -----------------------------------------------------------


def waiting(method: bytes = b"GET") -> Bench:
    """Sent to the first endpoint; the second has a connection at hand."""
    bench = Bench(FakeStream(), method=method)
    bench.second.gives = [FakeStream()]
    bench.exchange.on_request(b"", True)
    return bench


def look(bench: Bench, fake: FakeClock) -> None:
    fake.time = bench.exchange.deadline + 0.01
    clock.tick()
    bench.exchange.on_deadline()


def test_whoever_waits_asks_its_endpoint_and_waits_on(fake: FakeClock) -> None:
    bench = waiting()
    look(bench, fake)
    assert bench.first.told == ["acquire", "waits"]
    assert bench.exchange.upstream is not None
    assert bench.exchange.deadline == clock.now


def test_a_repeatable_request_leaves_an_endpoint_that_is_silent(fake: FakeClock) -> None:
    bench = waiting()
    bench.first.silent = EndpointSilent("no byte")
    look(bench, fake)
    assert bench.first.counts[RUNNING] == 0
    assert bench.exchange.endpoint is bench.second
    assert bench.exchange.attempts == 2
    bench.exchange.on_response(OK, b"ok", True)
    assert bench.exchange.status == 200
    assert bench.exchange.error is None


def test_a_post_waits_for_a_silent_endpoint_until_its_time_is_over(fake: FakeClock) -> None:
    bench = waiting(b"POST")
    bench.first.silent = EndpointSilent("no byte")
    look(bench, fake)
    assert bench.exchange.endpoint is bench.first
    fake.time = bench.exchange.answer_by + clock.TICK + 0.01
    clock.tick()
    bench.exchange.on_deadline()
    assert bench.exchange.status == 504
    assert type(bench.exchange.error) is GatewayTimeout


def test_with_nowhere_else_to_go_it_waits_too(fake: FakeClock) -> None:
    bench = waiting()
    bench.pools.endpoints = (bench.first,)
    bench.exchange._candidates = iter(())
    bench.first.silent = EndpointSilent("no byte")
    look(bench, fake)
    assert bench.exchange.endpoint is bench.first
    assert bench.exchange.upstream is not None


def test_the_first_byte_tells_how_long_an_endpoint_usually_takes(fake: FakeClock) -> None:
    bench = waiting()
    fake.time += 0.8
    bench.exchange.on_response(OK, b"ok", True)
    assert bench.first.usual == pytest.approx(0.8)
    again = Exchange(bench.pools, bench.client, bench.exchange.request, bench.exchange.route, b"")  # type: ignore[arg-type]
    bench.first.gives = [FakeStream()]
    again.on_request(b"", True)
    fake.time += 1.6
    again.on_response(OK, b"ok", True)
    assert bench.first.usual == pytest.approx(0.9), "an eighth of the way"


def test_an_endpoint_is_told_of_what_is_no_answer() -> None:
    bench = waiting()
    bench.exchange.on_response(ResponseHead(503, [], 0), b"", True)
    assert bench.first.told == ["acquire", "bad 503"]
    bench = waiting(b"POST")
    bench.exchange.on_upstream_lost(IncompleteResponse("cut"))
    assert bench.first.told == ["acquire", "bad http_response_incomplete"]


def test_an_endpoint_that_is_out_is_told_that_it_answered() -> None:
    bench = waiting()
    bench.first.out = {"silent": object()}
    bench.exchange.on_response(OK, b"ok", True)
    assert bench.first.told == ["acquire", "heard"]


def test_a_candidate_that_was_looked_at_is_still_the_next_one() -> None:
    bench = Bench()
    assert bench.exchange.other() is None, "nobody was chosen yet"
    bench.exchange.on_request(b"", True)
    assert bench.exchange.other() is bench.exchange.other() is bench.second
    assert bench.exchange.take() is bench.second
    assert bench.exchange.other() is None


def test_an_attempt_that_somebody_makes_later_is_counted_from_now_on() -> None:
    bench = Bench()
    bench.exchange.on_request(b"", True)
    bench.exchange.drop(ConnectionRefused())
    bench.exchange.attempt(later=True)
    assert (bench.exchange.endpoint, bench.exchange.attempts) == (bench.second, 2)
    assert (bench.second.counts[RUNNING], bench.second.told) == (1, [])


@pytest.mark.parametrize("half_closed", [False, True])
def test_an_adopted_attempt_waits_for_its_answer_or_its_connection(half_closed: bool) -> None:
    bench = Bench(FakeStream())
    exchange = bench.exchange
    exchange.on_request(b"", True)
    exchange.drop(ConnectionLost())
    exchange.half_closed = half_closed
    place: Any = bench.second
    stream: Any = FakeStream(reused=True)
    exchange.deadline = 0.0
    adopt(exchange, place, None, 0.0)
    assert exchange.deadline == (0.0 if half_closed else INFINITY)
    adopt(exchange, place, stream, 7.0)
    patience = exchange.route.timeouts.half_close if half_closed else bench.second.patience
    assert exchange.deadline == clock.now + patience
    assert (exchange.upstream, exchange.connected, exchange.reused) == (stream, 7.0, True)


def test_a_status_that_a_hook_refuses_is_none_that_was_sent() -> None:
    """And an answer that is whole has given its connection back already."""
    upstream = FakeStream()
    bench = Bench(upstream)
    exchange = bench.exchange
    seen: list[object] = []

    def refuse(exchange: Exchange) -> None:
        seen.append((exchange.status, exchange.held))
        raise AnswerRefused("503")

    exchange.route.plan.on_upstream_response = (refuse,)
    exchange.on_request(b"", True)
    exchange.on_response(ResponseHead(503, [], 2), b"no", True)
    assert seen == [(0, b"")]
    assert upstream.told == []
    assert (exchange.endpoint, exchange.response, exchange.status) == (bench.second, None, 0)
