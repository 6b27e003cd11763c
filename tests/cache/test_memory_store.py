"""The store in memory, where it is not as the one on disk; see test_store_laws for the rest."""

import gc
import os

import pytest

from porch.cache import memory_store
from porch.cache.memory_store import OVERHEAD, MemoryStore
from tests.support.storing import answer, keep, key


def test_large_bodies_are_bytes_too():
    store = MemoryStore(4 << 20)
    body = os.urandom(1 << 20)
    assert store.load(keep(store, body=body)).body == body


def test_heads_are_counted():
    store = MemoryStore(4 << 20)
    keep(store, fields=[(b"x", bytes(10_000))])
    assert store.stat().size > 10_000 + OVERHEAD


def test_too_many_purges_purge_what_is_older(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory_store, "BANS", 10)
    store = MemoryStore(4 << 20)
    old = keep(store, "old")
    before = store.moment()
    for number in range(11):
        store.purge("tag", b"%d" % number)
    new = keep(store, "new")
    assert store.load(old) is None
    assert store.load(new) is not None
    assert store.save(key("a"), answer(), b"", before) is None
    assert store.stat().purges == 10


def test_too_many_forgotten_keys_purge_nothing_that_is_stored(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory_store, "BANS", 10)
    store = MemoryStore(4 << 20)
    kept = keep(store, "kept")
    before = store.moment()
    for number in range(11):
        store.forget(key(f"k{number}"))
    assert store.load(kept) is not None
    assert store.save(key("k0"), answer(), b"", before) is None, "it was forgotten meanwhile"
    store.purge("tag", b"a")
    for number in range(11):
        store.purge("tag", b"%d" % number)
    assert store.load(kept) is None


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


def test_closed_it_holds_nothing():
    store = MemoryStore(4 << 20)
    ident = keep(store)
    store.close()
    assert store.load(ident) is None
    assert repr(store) == "<MemoryStore 0 answers>"
