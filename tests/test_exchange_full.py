"""A client that takes nothing: of many streams of one connection it may be all of them at once."""

import pytest

from porch import clock
from porch.errors import ClientGone, EndpointSilent, GatewayTimeout
from tests.support.network import FakeClock
from tests.test_exchange import OK, Bench, FakeStream, look


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def test_a_client_that_is_full_before_there_is_an_upstream_has_nothing_read_for_it() -> None:
    upstream = FakeStream()
    bench = Bench()
    bench.exchange.on_request(b"", True)
    bench.exchange.on_client_full()
    bench.exchange.on_connected(upstream)
    assert upstream.told == ["pause"]
    assert len(upstream.sent) == 1, "it is asked all the same"
    bench.exchange.on_client_drained()
    assert upstream.told == ["pause", "resume"]


def full(bench: Bench) -> Bench:
    """It is full when its request is sent; the endpoint is one that is held to be silent."""
    bench.first.silent = EndpointSilent("no byte")
    bench.second.gives = [FakeStream()]
    bench.exchange.on_request(b"", True)
    bench.exchange.on_client_full()
    bench.exchange.on_connected(FakeStream())
    return bench


def test_a_client_that_takes_nothing_accuses_no_endpoint(fake: FakeClock) -> None:
    bench = full(Bench())
    exchange = bench.exchange
    idle = exchange.route.timeouts.idle
    assert exchange.deadline == clock.now + idle
    look(bench, fake)
    assert type(exchange.error) is ClientGone
    assert exchange.attempts == 1
    assert "waits" not in bench.first.told
    assert not [word for word in bench.first.told if word.startswith("bad")]


def test_idle_below_response_is_the_clients_too(fake: FakeClock) -> None:
    bench = Bench(FakeStream())
    bench.exchange.on_request(b"", True)
    bench.exchange.answer_by = clock.now + 300
    bench.exchange.on_client_full()
    look(bench, fake)
    assert type(bench.exchange.error) is ClientGone
    assert "waits" not in bench.first.told


def test_a_client_that_is_full_waits_for_no_answer() -> None:
    exchange = full(Bench()).exchange
    assert not exchange.waits
    exchange.on_client_drained()
    assert exchange.waits


def test_the_time_of_an_answer_begins_anew_when_the_client_takes_again(fake: FakeClock) -> None:
    bench = full(Bench())
    exchange = bench.exchange
    fake.time += 50
    clock.tick()
    exchange.on_client_drained()
    assert exchange.answer_by == clock.now + exchange.route.timeouts.response
    assert exchange.deadline == clock.now + bench.first.patience
    bench.first.silent = None
    look(bench, fake)
    assert bench.first.told[-1] == "waits"
    fake.time = exchange.answer_by + clock.TICK + 0.01
    clock.tick()
    exchange.on_deadline()
    assert type(exchange.error) is GatewayTimeout


def test_a_slow_client_does_not_make_an_endpoint_a_slow_one(fake: FakeClock) -> None:
    bench = full(Bench())
    fake.time += 50
    bench.exchange.on_client_drained()
    bench.exchange.on_response(OK, b"ok", True)
    assert bench.first.usual == 0.0


def test_what_a_full_client_says_is_no_reason_to_hurry_its_origin() -> None:
    bench = full(Bench(method=b"POST"))
    exchange = bench.exchange
    exchange.request_done = False
    exchange.on_request_data(None, b"x", True)
    assert exchange.deadline == clock.now + exchange.route.timeouts.idle
