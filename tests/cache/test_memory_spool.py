"""Bodies on their way into a store in memory; see test_store_laws for the rest."""

import gc
import os

from porch.cache.memory_store import MemoryStore
from tests.support.storing import answer, key


def test_a_body_that_nobody_finishes_gives_its_room_back():
    store = MemoryStore(4 << 20)
    spool = store.spool(key("a"), answer("a", -1), store.moment())
    spool.write(bytes(1 << 20))
    assert store.stat().size >= 1 << 20
    spool.abandon()
    assert store.stat().size == 0
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        store.spool(key("a"), answer("a", -1), store.moment()).abandon()
    growths = store.follow(key("a"))
    assert growths == []
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before
