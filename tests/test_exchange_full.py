"""A client that takes nothing: of many streams of one connection it may be all of them at once."""

import pytest

from tests.support.network import FakeClock
from tests.test_exchange import Bench, FakeStream


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
