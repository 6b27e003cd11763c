"""What every store does, on disk or in memory."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from porch.cache.entry import Entry
from porch.cache.memory_store import MemoryStore
from porch.cache.store import SMALL, VARIANTS, Save, Store
from porch.cache.ways import way
from tests.support.storing import SIZE, answer, body_of, disk, keep, key


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore(SIZE)
        return
    with disk(tmp_path / "store") as (made, _):
        yield made


SIZES = [0, 1, 2000, SMALL, SMALL + 1, 300_000, 1 << 20]


@pytest.mark.parametrize("size", SIZES)
def test_what_is_stored_comes_back_whole(store: Store, size: int) -> None:
    body = os.urandom(size)
    entry = answer("a", size, tags=[b"t"], vary=[(b"accept", b"x")], age=3.5)
    ident = store.save(key("a"), entry, body, store.moment())
    found = store.load(store.variants(key("a"))[0].ident)
    assert found is not None
    assert (found.ident, found.entry, body_of(found)) == (ident, entry, body)
    assert not found.is_purged


def test_what_was_never_stored_is_not_there(store: Store) -> None:
    assert store.variants(key("a")) == []
    assert store.load(b"r" + bytes(8)) is None
    assert not store.forget(key("a"))
    assert not store.remove(key("a"), b"r" + bytes(8))
    assert not store.freshen(key("a"), b"r" + bytes(8), answer(), store.moment())


def test_several_are_stored_as_each_would_be_alone(store: Store) -> None:
    before = store.moment()
    gone = Save(key("gone"), answer("gone", 1), b"x", before)
    store.forget(key("gone"))
    saves = [
        Save(key("a"), answer("a", 3), b"old", store.moment()),
        gone,
        Save(key("b"), answer("b", SMALL), bytes(SMALL), store.moment()),
        Save(key("a"), answer("a", 3), b"new", store.moment()),
    ]
    generation = store.generations[store.cell(key("a"))]
    idents = store.save_all(saves)
    assert idents[1] is None
    assert [each.ident for each in store.variants(key("a"))] == [idents[3]]
    assert body_of(store.load(idents[3])) == b"new"
    assert body_of(store.load(idents[2])) == bytes(SMALL)
    assert store.stat().objects == 2
    assert store.generations[store.cell(key("a"))] != generation, "one was replaced"
    assert store.save_all([]) == []


def test_the_number_of_writes_is_another_whenever_something_was_stored(store: Store) -> None:
    numbers = [store.writes[0]]
    keep(store, "a")
    numbers.append(store.writes[0])
    store.save_all([Save(key("b"), answer("b", 1), b"x", store.moment())])
    numbers.append(store.writes[0])
    keep(store, "c", bytes(SMALL + 1))
    numbers.append(store.writes[0])
    store.variants(key("a"))
    assert store.writes[0] == numbers[-1], "who looks changes nothing"
    assert len(set(numbers)) == 4


def test_an_answer_takes_the_place_of_the_one_with_the_same_vary(store: Store) -> None:
    old = keep(store, body=b"old", vary=[(b"accept", b"x")])
    other = keep(store, body=b"other", vary=[(b"accept", b"y")])
    new = keep(store, body=b"new", vary=[(b"accept", b"x")], received=1001.0)
    found = store.variants(key("a"))
    assert [each.ident for each in found] == [new, other]
    assert [each.received for each in found] == [1001.0, 1000.0]
    assert store.load(old) is None
    assert body_of(store.load(other)) == b"other"


def test_a_key_has_so_many_variants_and_the_oldest_goes(store: Store) -> None:
    idents = [keep(store, vary=[(b"a", b"%d" % number)]) for number in range(VARIANTS + 1)]
    assert [each.ident for each in store.variants(key("a"))] == idents[:0:-1]
    assert store.load(idents[0]) is None
    assert store.stat().objects == VARIANTS


def test_a_validated_answer_has_its_new_entry_and_its_old_body(store: Store) -> None:
    for name, body in (("a", b"small"), ("b", bytes(SMALL + 1))):
        ident = keep(store, name, body)
        fresh = answer(name, len(body), received=2000.0, fields=[(b"x", b"y" * 5000)])
        assert store.freshen(key(name), ident, fresh, store.moment())
        found = store.load(ident)
        assert found is not None
        assert (found.entry, body_of(found)) == (fresh, body)
        assert store.variants(key(name))[0].received == 2000.0


def test_an_answer_is_not_validated_under_another_key(store: Store) -> None:
    ident = keep(store)
    assert not store.freshen(key("b"), ident, answer("b"), store.moment())
    assert store.variants(key("b")) == []


def test_a_forgotten_key_has_nothing_any_more(store: Store) -> None:
    idents = [keep(store, vary=[(b"a", b"%d" % number)]) for number in range(3)]
    other = keep(store, "b")
    assert store.forget(key("a"))
    assert store.variants(key("a")) == []
    assert [store.load(each) for each in idents] == [None] * 3
    assert store.load(other) is not None


def test_what_was_asked_for_before_a_key_was_forgotten_is_not_stored(store: Store) -> None:
    before = store.moment()
    store.forget(key("a"))
    assert store.save(key("a"), answer(), b"old", before) is None
    assert store.save(key("b"), answer("b"), b"other", before) is not None
    assert store.save(key("a"), answer(), b"new", store.moment()) is not None


def test_one_variant_can_be_removed(store: Store) -> None:
    one = keep(store, vary=[(b"a", b"1")])
    two = keep(store, vary=[(b"a", b"2")])
    assert store.remove(key("a"), one)
    assert [each.ident for each in store.variants(key("a"))] == [two]
    assert store.load(one) is None


NAMED = {
    "url": b"https://a.test/x/1",
    "prefix": b"https://a.test/x/",
    "host": b"A.test",
    "tag": b"one",
    "all": b"",
}


@pytest.mark.parametrize("scope", NAMED)
@pytest.mark.parametrize("soft", [False, True])
def test_what_is_named_is_purged_and_nothing_else(store: Store, scope, soft: bool) -> None:
    mine = keep(store, "x/1", tags=[b"two", b"one"])
    other = keep(store, "y", url=b"http://b.test/x/1", tags=[b"two"])
    store.purge(scope, NAMED[scope], soft=soft)
    later = keep(store, "x/2", tags=[b"one"])
    found = store.load(mine)
    assert (found is not None and found.is_purged) if soft else found is None
    rest = store.load(other)
    is_purged = rest is None or rest.is_purged
    assert is_purged == (scope == "all")
    assert not store.load(later).is_purged
    again = keep(store, "x/1", body=b"new", tags=[b"one"])
    assert not store.load(again).is_purged


@pytest.mark.parametrize("scope", NAMED)
def test_what_was_asked_for_before_a_purge_is_purged_too(store: Store, scope) -> None:
    before = store.moment()
    entry = answer("x/1", tags=[b"one"])
    store.purge(scope, NAMED[scope])
    assert store.save(key("x/1"), entry, b"old", before) is None
    assert store.save(key("x/1"), entry, b"new", store.moment()) is not None


@pytest.mark.parametrize("scope", NAMED)
def test_what_was_asked_for_before_a_soft_purge_is_stale(store: Store, scope) -> None:
    before = store.moment()
    store.purge(scope, NAMED[scope], soft=True)
    ident = store.save(key("x/1"), answer("x/1", tags=[b"one"]), b"old", before)
    assert store.load(ident).is_purged


def test_validation_ends_a_soft_purge_and_not_one_that_came_meanwhile(store: Store) -> None:
    ident = keep(store, tags=[b"t"])
    store.purge("tag", b"t", soft=True)
    before = store.moment()
    assert store.freshen(key("a"), ident, answer(tags=[b"t"]), before)
    assert not store.load(ident).is_purged
    store.purge("tag", b"t", soft=True)
    assert store.freshen(key("a"), ident, answer(tags=[b"t"]), before)
    assert store.load(ident).is_purged


def test_validation_does_not_bring_back_what_was_purged(store: Store) -> None:
    ident = keep(store, tags=[b"t"])
    before = store.moment()
    store.purge("tag", b"t")
    assert not store.freshen(key("a"), ident, answer(tags=[b"t"]), before)
    assert not store.freshen(key("a"), ident, answer(tags=[b"t"]), store.moment())
    assert store.load(ident) is None


def test_a_hard_purge_stays_hard_when_a_soft_one_follows(store: Store) -> None:
    ident = keep(store, tags=[b"t"])
    store.purge("tag", b"t")
    store.purge("tag", b"t", soft=True)
    assert store.load(ident) is None


def test_the_sweep_removes_what_was_purged_and_forgets_the_purge(store: Store) -> None:
    now = store.now()
    hard = keep(store, "a", tags=[b"h"], received=now)
    soft = keep(store, "b", tags=[b"s"], received=now)
    keep(store, "c", received=now)
    before = store.moment()
    store.purge("tag", b"h")
    store.purge("tag", b"s", soft=True)
    sweep(store)
    assert store.stat().purges == 0
    assert store.stat().objects == 2
    assert store.load(hard) is None
    assert store.load(soft).is_purged
    assert store.save(key("d"), answer("d", tags=[b"h"]), b"", before) is None


def test_the_sweep_removes_what_is_of_no_use_any_more(store: Store) -> None:
    now = store.now()
    old = {"received": now - 100.0, "lifetime": 10.0}
    gone = keep(store, "a", **old)
    kept = [
        keep(store, "b", fields=[(b"etag", b'"x"')], **old),
        keep(store, "c", fields=[(b"last-modified", b"x")], **old),
        keep(store, "d", stale_error=200.0, **old),
        keep(store, "e", stale_while=200.0, **old),
        keep(store, "f", received=now, lifetime=10.0),
    ]
    sweep(store)
    assert store.load(gone) is None
    assert None not in [store.load(each) for each in kept]
    assert store.stat().expired == 1


def sweep(store: Store) -> None:
    """Often enough for all of a small store, twice."""
    for _ in range(12):
        store.sweep()


def test_a_number_changes_with_all_that_may_not_be_served_as_it_was(store: Store) -> None:
    def changed(work) -> bool:
        before = store.generations[store.cell(key("a"))]
        work()
        return store.generations[store.cell(key("a"))] != before

    vary = [(b"a", b"b")]
    assert not changed(lambda: keep(store))
    assert changed(lambda: keep(store))
    assert changed(lambda: keep(store, vary=vary))
    ident = store.variants(key("a"))[0].ident
    assert not changed(lambda: store.load(ident))
    assert not changed(lambda: store.seen(ident))
    assert changed(lambda: store.freshen(key("a"), ident, answer(vary=vary), store.moment()))
    assert changed(lambda: store.remove(key("a"), ident))
    assert changed(lambda: store.forget(key("a")))
    for scope, value in NAMED.items():
        assert changed(lambda scope=scope, value=value: store.purge(scope, value))
        assert changed(lambda scope=scope, value=value: store.purge(scope, value, soft=True))


def test_a_body_on_its_way_can_be_followed(store: Store) -> None:
    begun = answer("a", -1, vary=[(b"a", b"1")])
    spool = store.spool(key("a"), begun, store.moment())
    (growth,) = store.follow(key("a"))
    assert (growth.entry, growth.size(), growth.state()) == (begun, 0, "growing")
    assert store.follow(key("b")) == []
    body = os.urandom(700_000)
    for start in range(0, len(body), 70_000):
        assert spool.write(body[start : start + 70_000])
        size = growth.size()
        assert os.pread(growth.descriptor, size, 0) == body[: start + 70_000]
    assert growth.state() == "growing"
    assert store.variants(key("a")) == []
    entry = answer("a", len(body), vary=[(b"a", b"1")])
    ident = spool.finish(entry)
    assert (growth.size(), growth.state()) == (len(body), "complete")
    assert store.follow(key("a")) == []
    found = store.load(ident)
    assert (found.entry, body_of(found)) == (entry, body)
    assert store.stat().growing == 0


def test_a_body_that_turns_out_to_be_small_is_stored_as_one(store: Store) -> None:
    spool = store.spool(key("a"), answer("a", -1), store.moment())
    (growth,) = store.follow(key("a"))
    spool.write(b"small")
    ident = spool.finish(answer("a", 5))
    assert (growth.size(), growth.state()) == (5, "complete")
    assert os.pread(growth.descriptor, 9, 0) == b"small"
    assert store.load(ident).body == b"small"
    assert store.stat().files == 0


def test_bodies_under_one_key_are_told_apart_by_their_idents(store: Store) -> None:
    spools = [store.spool(key("a"), answer("a", -1), store.moment()) for _ in range(3)]
    for number, spool in enumerate(spools):
        spool.write(b"%d" % number)
    growths = store.follow(key("a"))
    assert len({spool.ident for spool in spools}) == 3
    found = {each.ident: os.pread(each.descriptor, 9, 0) for each in growths}
    assert found == {spool.ident: b"%d" % number for number, spool in enumerate(spools)}
    for spool in spools:
        spool.abandon()


def test_an_abandoned_body_is_not_stored(store: Store) -> None:
    spool = store.spool(key("a"), answer("a", -1), store.moment())
    (growth,) = store.follow(key("a"))
    spool.write(bytes(100_000))
    spool.abandon()
    spool.abandon()
    assert growth.state() == "failed"
    assert not spool.write(b"more")
    assert spool.finish(answer()) is None
    assert store.follow(key("a")) == []
    assert store.variants(key("a")) == []
    assert (store.stat().growing, store.stat().objects) == (0, 0)


def test_who_follows_a_body_that_is_purged_meanwhile_has_it_whole(store: Store) -> None:
    spool = store.spool(key("a"), answer("a", -1, tags=[b"t"]), store.moment())
    (growth,) = store.follow(key("a"))
    spool.write(bytes(100_000))
    store.purge("tag", b"t")
    assert spool.finish(answer("a", 100_000, tags=[b"t"])) is None
    assert (growth.size(), growth.state()) == (100_000, "complete")
    assert store.variants(key("a")) == []


def test_a_body_that_is_too_long_is_given_up(store: Store) -> None:
    keep(store, "b")
    spool = store.spool(key("a"), answer("a", -1), store.moment())
    (growth,) = store.follow(key("a"))
    chunk = bytes(1 << 20)
    wrote = 0
    while spool.write(chunk):
        wrote += len(chunk)
    assert SIZE // 4 <= wrote <= SIZE // 2
    assert not spool.write(b""), "it lacks something"
    assert spool.finish(answer("a", wrote)) is None
    assert growth.state() == "failed"
    assert store.stat().refused == 1
    assert store.stat().growing == 0
    assert store.load(store.variants(key("b"))[0].ident) is not None


@pytest.mark.parametrize("size", [500, 10_000, SMALL, 100_000])
def test_it_is_full_and_never_over_full(store: Store, size: int) -> None:
    sizes = []
    for number in range(3 * SIZE // (size + 2000)):
        keep(store, number, bytes(size))
        sizes.append(store.stat().size)
    assert max(sizes) <= SIZE
    assert sizes[-1] > SIZE // 2
    assert store.stat().evicted > 0
    assert store.stat().refused == 0


def test_what_is_asked_for_stays(store: Store) -> None:
    asked = [keep(store, f"asked {number}", bytes(5000)) for number in range(50)]
    for number in range(2 * SIZE // 5000):
        keep(store, number, bytes(5000))
        if number % 20 == 0:
            for each in asked:
                store.seen(each)
    assert None not in [store.load(each) for each in asked]
    top = store.top(50)
    assert {url for url, _ in top} == {b"https://a.test/asked %d" % n for n in range(50)}


def test_entries_keep_what_they_are(store: Store) -> None:
    entry = Entry(206, [(b"a", b"\xff")], 10, 1.0, 2.0, 3.0, "none", held=[(0, 3), (5, 7)])
    ident = store.save(key("a"), entry, b"abcfg", store.moment())
    found = store.load(ident)
    assert (found.entry, found.body) == (entry, b"abcfg")


def test_what_has_another_vary_from_now_on_is_found_by_that_alone(store: Store) -> None:
    ident, other = keep(store, "a"), keep(store, "a", vary=[(b"x", b"1")])
    for vary in ([(b"cookie", b"u=ann")], [], [(b"x", b"1")]):
        assert store.freshen(key("a"), ident, answer("a", 4, vary=vary), store.moment())
        found = [(each.ident, each.vary) for each in store.variants(key("a"))]
        assert found[0] == (ident, vary)
        assert ident not in [each for each, _ in found[1:]]
    assert store.load(other) is None, "it is in its place"
    assert [each.ident for each in store.variants(key("a"))] == [ident]


def test_what_was_validated_is_written_with_what_has_come(store: Store) -> None:
    ident = keep(store, "a")
    number, fresh = store.generations[store.cell(key("a"))], answer("a", 4)
    fresh.lifetime = 99.0
    moment = store.moment()
    saves = [
        Save(key("b"), answer("b", 1), b"x", moment),
        Save(key("a"), fresh, b"", moment, ident),
        Save(key("c"), fresh, b"", moment, ident),
        Save(key("a"), fresh, b"", moment, bytes(9)),
    ]
    found = store.save_all(saves)
    assert found is not None
    assert found[0] is not None
    assert found[1:] == [ident, None, None]
    stored = store.load(ident)
    assert stored is not None
    assert (stored.entry.lifetime, body_of(stored)) == (99.0, b"body")
    assert store.generations[store.cell(key("a"))] != number
    store.forget(key("a"))
    assert store.save_all([Save(key("a"), fresh, b"", moment, ident)]) == [None]


def test_what_was_kept_by_other_ways_is_purged_when_they_come_into_force(store: Store) -> None:
    ways = {b"a.test": way("one"), b"b.test": way("one")}
    store.attend(ways)
    mine, other = keep(store, "a"), keep(store, "b", url=b"https://b.test/b")
    store.attend({**ways, b"c.test": way("one")})
    assert store.load(mine) is not None
    before = store.moment()
    store.attend({b"a.test": way("another"), b"b.test": way("one")})
    assert store.load(mine) is None
    assert store.load(other) is not None
    assert store.save(key("a"), answer("a"), b"", before) is None, "it was asked for before"
    mine = keep(store, "a")
    store.attend({b"a.test": way("another")})
    assert store.load(other) is None
    store.attend({b"a.test": way("another")})
    assert store.load(mine) is not None


def test_what_is_kept_by_the_ways_that_are_in_force_is_all_until_others_are(store: Store) -> None:
    assert store.is_attended()
    store.attend({b"a.test": way("one")})
    assert store.is_attended()
    store.attend({b"a.test": way("one"), b"b.test": way("one")})
    assert store.is_attended(), "those of before are attended still"
    store.attend({b"a.test": way("another"), b"b.test": way("one")})
    assert not store.is_attended(), "others may be about to keep by those of before"
