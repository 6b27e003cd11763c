"""The store in memory, where it is not as the one on disk; see test_store_laws for the rest."""

import os
from collections.abc import Iterator

import pytest

from porch.cache import memory_store
from porch.cache.memory_store import OVERHEAD, MemoryStore
from porch.cache.notices import Notices
from porch.cache.validate import outdated
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


def test_closed_it_holds_nothing():
    store = MemoryStore(4 << 20)
    ident = keep(store)
    store.close()
    assert store.load(ident) is None
    assert repr(store) == "<MemoryStore 0 answers>"


@pytest.fixture
def pair() -> Iterator[tuple[MemoryStore, MemoryStore]]:
    """Of two workers."""
    descriptor = Notices.make(4)
    yield (
        MemoryStore(4 << 20, Notices.of(descriptor, 1)),
        MemoryStore(4 << 20, Notices.of(descriptor, 2)),
    )
    os.close(descriptor)


def test_what_one_worker_forgets_is_gone_in_the_other_alone(pair):
    one, other = pair
    ident, beside = keep(other, "a"), keep(other, "b")
    number = other.generations[other.cell(key("a"))]
    assert not one.forget(key("a")), "it has none of it"
    assert other.generations[other.cell(key("a"))] != number, "what is ready there is asked about"
    assert other.variants(key("a")) == []
    assert other.load(ident) is None
    assert other.load(beside) is not None
    assert other.stat().objects == 1


def test_what_was_asked_for_before_another_forgot_it_is_not_stored(pair):
    one, other = pair
    before = other.moment()
    spool = other.spool(key("b"), answer("b", -1), before)
    one.forget(key("a"), key("b"))
    assert other.moment() != before
    assert other.follow(key("b")) == []
    assert spool.finish(answer("b", 0)) is None
    assert other.save(key("a"), answer("a"), b"", before) is None
    assert other.save(key("a"), answer("a"), b"", other.moment()) is not None


@pytest.mark.parametrize("first", ["load", "freshen", "sweep", "variants", "save"])
def test_whatever_is_asked_first_hears_of_a_purge(pair, first):
    one, other = pair
    ident = keep(other, "a", tags=[b"t"])
    before = other.moment()
    one.purge("tag", b"t")
    if first == "load":
        assert other.load(ident) is None
    elif first == "freshen":
        assert not other.freshen(key("a"), ident, answer("a", tags=[b"t"]), before)
    elif first == "sweep":
        other.sweep()
        assert other.stat().objects == 0
    elif first == "save":
        assert other.save(key("c"), answer("c", tags=[b"t"]), b"", before) is None
    else:
        other.variants(key("a"))
        assert other.load(ident) is None


def test_a_soft_purge_and_a_host_of_another_worker_are_as_of_ones_own(pair):
    one, other = pair
    ident = keep(other, "a", tags=[b"t"])
    one.purge("tag", b"t", soft=True)
    assert other.load(ident).is_purged
    one.purge("host", b"A.TEST")
    assert other.load(ident) is None


def test_what_one_worker_finds_outdated_the_other_asks_about(pair):
    one, other = pair
    mine, theirs = keep(one, "a"), keep(other, "a")
    beside, before = keep(other, "b"), other.moment()
    number = other.generations[other.cell(key("a"))]
    assert one.freshen(key("a"), mine, outdated(answer("a")), one.moment())
    assert other.generations[other.cell(key("a"))] != number
    assert other.load(theirs).is_purged
    assert not other.load(beside).is_purged
    late = other.save(key("a"), answer("a"), b"", before)
    assert late is not None
    assert other.load(late).is_purged, "it was asked for before"
    assert other.freshen(key("a"), late, answer("a"), other.moment())
    assert not other.load(late).is_purged


def test_what_was_good_for_no_time_says_nothing_of_what_another_has(pair):
    one, other = pair
    mine, theirs = keep(one, "a", lifetime=0.0), keep(other, "a")
    for entry in (answer("a", lifetime=0.0), answer("a")):
        assert one.freshen(key("a"), mine, entry, one.moment())
        assert not other.load(theirs).is_purged


def test_what_one_worker_may_not_keep_any_more_no_other_keeps(pair):
    one, other = pair
    mine, theirs, beside = keep(one, "a"), keep(other, "a"), keep(other, "b")
    assert one.remove(key("a"), mine)
    assert other.load(theirs) is None
    assert other.load(beside) is not None


def test_what_is_stored_in_one_worker_takes_nothing_from_the_other(pair):
    one, other = pair
    ident = keep(other, "a")
    keep(one, "a")
    keep(one, "a")
    assert other.load(ident) is not None
