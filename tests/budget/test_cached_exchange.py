"""What a hit of the cache costs, exactly: Python calls, writes, tasks, timers.

Counted as in test_plain_exchange.py, with a store in memory.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from porch.cache.locks import Locks
from porch.cache.memory_store import MemoryStore
from porch.cache.passes import Passes
from porch.cache.shelf import Shelf
from porch.config.state import State
from tests.budget.test_plain_exchange import Plain, calls_of
from tests.support.network import FakeClock, FakeLoop

MOST_CALLS = 27
OK = (
    b"HTTP/1.1 200 OK\r\nserver: uvicorn\r\ncache-control: max-age=60\r\n"
    b'etag: "a"\r\ncontent-length: 13\r\ncontent-type: application/json\r\n\r\n{"hello": 42}'
)


class Cached(Plain):
    """A door with a cache that knows the answer."""

    asked = 0

    def answer(self) -> None:
        for each in self.origins:
            if each.arrived:
                self.asked += 1
                each.feed(OK)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


@pytest.fixture
def cached(fake: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cached]:
    loop = FakeLoop(fake)
    before = State.__init__

    def with_shelf(self: State, *words: Any) -> None:
        before(self, *words)
        made = Locks.make()
        self.shelf = Shelf(MemoryStore(1 << 20), Locks(made), Passes(made))

    monkeypatch.setattr(State, "__init__", with_shelf)
    made = Cached(loop, {"example.com": {"to": "127.0.0.1:9", "cache": True}})
    yield made
    made.log.close()
    loop.close()


def test_a_hit_takes_at_most_27_python_calls(cached: Cached) -> None:
    cached.client.arrived.clear()
    calls = calls_of(cached.exchange)
    assert len(calls) <= MOST_CALLS, "\n" + "\n".join(calls)
    answered = bytes(cached.client.arrived)
    assert b"cache-status: Porch; hit" in answered
    assert answered.endswith(b'{"hello": 42}')
    assert cached.asked == 1, "the origin was asked once"


def test_a_hit_is_one_write_without_task_or_timer(cached: Cached) -> None:
    writes = cached.client.writes
    cached.loop.counts.clear()
    cached.exchange()
    assert cached.client.writes == writes + 1
    assert cached.loop.counts == {}


def test_a_hit_asks_the_store_once_a_tick(cached: Cached, fake: FakeClock) -> None:
    names = calls_of(cached.exchange)
    assert "MemoryStore.now" not in names
    fake.advance(1)
    assert "MemoryStore.now" in calls_of(cached.exchange)
    assert "MemoryStore.load" not in calls_of(cached.exchange)
