"""What it costs to ask the origin for an answer and to store it: Python calls, reads, writes, and
writes of the database.

Counted as in test_plain_exchange.py, with a store on the disk.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from porch.cache.disk_store import DiskStore
from porch.cache.locks import Locks
from porch.cache.passes import Passes
from porch.cache.shelf import Shelf
from porch.config.state import State
from porch.listen.h1 import ServerConnection
from tests.budget.test_plain_exchange import Plain, calls_of
from tests.support.network import FakeClock, FakeLoop, FakeTransport
from tests.support.storing import disk

MOST_CALLS = 217
MOST_CALLS_MORE = 187
"""Of each further one in the same turn of the loop."""
OK = (
    b"HTTP/1.1 200 OK\r\nserver: uvicorn\r\ncache-control: max-age=60\r\n"
    b'etag: "a"\r\ncontent-length: 13\r\ncontent-type: application/json\r\n\r\n{"hello": 42}'
)


class Missing(Plain):
    """A door with several clients, each of which asks for something new each time."""

    clients: list[FakeTransport]
    asked = 0

    def ask(self) -> None:
        for each in self.origins:
            each.arrived.clear()
        for client in getattr(self, "clients", [self.client]):
            self.asked += 1
            client.arrived.clear()
            client.feed(b"GET /%d HTTP/1.1\r\nHost: example.com\r\n\r\n" % self.asked)

    def answer(self) -> None:
        for each in self.origins:
            if each.arrived:
                each.feed(OK)

    def open(self, count: int) -> None:
        """So many clients ask from now on, all in one turn."""
        self.clients = []
        for _ in range(count):
            transport = self._transport()
            connection = ServerConnection(self.door, b"http", b"80")
            self.loop.run(lambda t=transport, c=connection: t.connect(c))
            self.clients.append(transport)
        self.exchange()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DiskStore]:
    with disk(tmp_path / "store", 64 << 20) as (made, _):
        yield made


@pytest.fixture
def missing(store: DiskStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Missing]:
    loop = FakeLoop(FakeClock(monkeypatch))
    before = State.__init__
    locks, passes = Locks.make(), Locks.make()

    def with_shelf(self: State, *words: Any) -> None:
        before(self, *words)
        self.shelf = Shelf(store, Locks(locks), Passes(passes))

    monkeypatch.setattr(State, "__init__", with_shelf)
    made = Missing(loop, {"example.com": {"to": "127.0.0.1:9", "cache": True}})
    yield made
    made.log.close()
    loop.close()
    os.close(locks)
    os.close(passes)


def commits(store: DiskStore) -> int:
    """Writes of the database so far."""
    env = store._database._present()
    return int(env.info()["last_txnid"])


def test_a_stored_miss_takes_so_many_python_calls(missing: Missing, store: DiskStore) -> None:
    missing.open(1)
    kept = store.stat().objects
    calls = calls_of(missing.exchange)
    assert store.stat().objects == kept + 1
    assert b"cache-status: Porch; fwd=uri-miss; ttl=59; stored" in missing.clients[0].arrived
    assert len(calls) <= MOST_CALLS, f"{len(calls)}\n" + "\n".join(calls)
    assert calls_of(missing.exchange) == calls


def test_further_ones_in_one_turn_take_less(missing: Missing, store: DiskStore) -> None:
    missing.open(1)
    one = len(calls_of(missing.exchange))
    missing.open(9)
    kept = store.stat().objects
    nine = len(calls_of(missing.exchange))
    assert store.stat().objects == kept + 9
    assert (nine - one) / 8 <= MOST_CALLS_MORE, f"{one}, {nine}"


@pytest.mark.parametrize("clients", [1, 2, 16])
def test_all_of_one_turn_are_one_write_of_the_database(
    missing: Missing, store: DiskStore, clients: int
) -> None:
    missing.open(clients)
    before, kept = commits(store), store.stat().objects
    missing.exchange()
    assert commits(store) == before + 1
    assert store.stat().objects == kept + clients


def test_two_reads_two_writes_and_a_callback_a_turn(missing: Missing) -> None:
    missing.open(1)

    def count() -> tuple[int, int]:
        both = (missing.clients[0], missing.origins[-1])
        return sum(each.reads for each in both), sum(each.writes for each in both)

    before = count()
    missing.loop.counts.clear()
    missing.exchange()
    reads, writes = count()
    assert (reads - before[0], writes - before[1]) == (2, 2)
    assert missing.loop.counts == {"call_soon": 2}
