"""The sweep: what goes, what stays, and that it is done in small steps."""

import fcntl
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from porch.cache.bodies import Writer, path_of
from porch.cache.disk_store import DiskStore
from porch.cache.opening import claim, settle
from porch.cache.sweeping import ASIDE, AWAITED, FILES, RECORDS, Sweeper, is_useless
from tests.support.storing import answer, disk, keep, key, worker


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DiskStore]:
    with disk(tmp_path / "store") as (made, _):
        yield made


def sweep(store: DiskStore, steps: int) -> None:
    for _ in range(steps):
        store.sweep()


def round_of(count: int) -> int:
    """Steps that surely go over so many answers."""
    return 2 * (count // RECORDS + 3) + ASIDE


@pytest.mark.parametrize(
    ("words", "useless"),
    [
        ({}, True),
        ({"lifetime": 99.0}, True),
        ({"lifetime": 101.0}, False),
        ({"lifetime": 101.0, "age": 2.0}, True),
        ({"stale_while": 101.0}, False),
        ({"stale_error": 101.0}, False),
        ({"fields": [(b"etag", b'"x"')]}, False),
        ({"fields": [(b"last-modified", b"x")]}, False),
    ],
)
def test_of_no_use_is_what_can_neither_be_served_nor_validated(words, useless: bool) -> None:
    entry = answer(**{"received": 1000.0, "lifetime": 0.0, **words})
    assert is_useless(entry, 1100.0) == useless


def test_what_has_just_come_is_left_for_those_who_wait_for_it_in_other_workers() -> None:
    entry = answer(received=1000.0, age=7.0, lifetime=1.0)
    assert not is_useless(entry, 1000.0 + AWAITED - 0.1)
    assert is_useless(entry, 1000.0 + AWAITED)


def test_a_step_looks_at_a_bounded_number_and_comes_to_all(store: DiskStore) -> None:
    for number in range(5 * RECORDS):
        keep(store, number)
    left = []
    for _ in range(round_of(5 * RECORDS)):
        store.sweep()
        left.append(store.stat().objects)
    drops = [before - after for before, after in zip([5 * RECORDS, *left], left, strict=False)]
    assert max(drops) == RECORDS
    assert left[-1] == 0


def test_what_is_stored_while_it_walks_is_looked_at(store: DiskStore) -> None:
    now = store.now()
    for number in range(3 * RECORDS):
        keep(store, number, received=now)
    store.sweep()
    keep(store, "large", bytes(100_000), tags=[b"t"], received=now)
    keep(store, "small", tags=[b"t"], received=now)
    store.purge("tag", b"t")
    sweep(store, round_of(4 * RECORDS))
    assert (store.stat().objects, store.stat().files) == (3 * RECORDS, 0)
    assert store.stat().purges == 0


def test_damaged_records_go(store: DiskStore) -> None:
    keep(store, "a", received=store.now())
    ident = keep(store, "b", received=store.now())
    with store._database.writing() as (txn, _):
        value = bytearray(txn.get(ident, db=store._database.objects))
        value[-1] ^= 1
        txn.put(ident, bytes(value), db=store._database.objects)
    sweep(store, round_of(2))
    assert store.stat().objects == 1


def test_one_worker_sweeps_at_a_time(tmp_path: Path) -> None:
    claimed = claim(tmp_path / "store")
    with worker(tmp_path / "store", claimed) as one:
        one.run(keep_many, RECORDS)
        with worker(tmp_path / "store", claimed) as other:
            other.run(hold_the_sweep)
            assert one.run(sweep_and_count) == RECORDS
        assert one.run(sweep_and_count) == 0
    settle(tmp_path / "store", claimed)


def keep_many(store: DiskStore, count: int) -> None:
    for number in range(count):
        keep(store, number)


def sweep_and_count(store: DiskStore) -> int:
    sweep(store, round_of(RECORDS))
    return store.stat().objects


HELD: list[int] = []


def hold_the_sweep(store: DiskStore) -> None:
    HELD.append(os.open(store._folder / "sweep", os.O_RDWR))
    fcntl.flock(HELD[-1], fcntl.LOCK_EX)


def test_files_that_nothing_tells_of_go_and_those_on_their_way_stay(store: DiskStore) -> None:
    kept = keep(store, "a", bytes(100_000), received=store.now())
    folder = store._database.folder
    growing = store.spool(key("b"), answer("b", -1), store.moment())
    growing.write(b"x")
    unknown = [path_of(folder, b"f" + number.to_bytes(8, "big")) for number in (5, 6)]
    Writer(unknown[0]).complete(is_kept=True)
    written = Writer(unknown[1])
    odd = unknown[0].with_name("odd")
    odd.write_bytes(b"")
    sweep(store, 257 * ASIDE)
    assert [path.exists() for path in (*unknown, odd)] == [False, True, False]
    assert path_of(folder, kept).exists()
    assert path_of(folder, growing.ident).exists()
    written.fail()
    growing.abandon()


def test_a_file_that_becomes_known_while_it_is_looked_at_stays(
    store: DiskStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ident = keep(store, "a", bytes(100_000), received=store.now())
    asked: list[str] = []
    is_known = Sweeper._is_known

    def as_of_before(sweeper: Sweeper, name: str) -> bool:
        asked.append(name)
        return asked.count(name) > 1 and is_known(sweeper, name)

    monkeypatch.setattr(Sweeper, "_is_known", as_of_before)
    sweep(store, 256 * ASIDE)
    assert asked == [ident.hex()] * 2
    assert path_of(store._database.folder, ident).exists()


def test_what_was_put_aside_goes_bit_by_bit(store: DiskStore) -> None:
    for number in range(FILES + 10):
        keep(store, number, bytes(70_000))
    store._database.condemn()
    aside = store._folder.glob
    assert len([*aside("gone-*")]) == 1
    left = []
    for _ in range(4):
        sweep(store, ASIDE)
        left.append(len([*aside("gone-*/bodies/*/*")]))
    assert left[0] == 10
    assert [*aside("gone-*")] == []


def test_a_soft_purge_outlives_its_ban(store: DiskStore) -> None:
    chance = random.Random(1)
    idents = [keep(store, n, tags=[b"t%d" % (n % 2)], received=store.now()) for n in range(40)]
    chance.shuffle(idents)
    store.purge("tag", b"t0", soft=True)
    sweep(store, round_of(40))
    assert store.stat().purges == 0
    assert sum(store.load(each).is_purged for each in idents) == 20
