"""The store on disk as several processes use it, and as disks fail."""

import os
import random
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import lmdb
import pytest

from porch.cache.bodies import path_of
from porch.cache.database import Database
from porch.cache.disk_store import DiskStore
from porch.cache.entry import Entry
from porch.cache.opening import Claim, claim
from porch.cache.spool import STEP
from porch.cache.store import SMALL, Save, Store
from tests.support.storing import SIZE, Worker, answer, body_of, disk, keep, key, worker


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def claimed(folder: Path) -> Iterator[Claim]:
    made = claim(folder)
    yield made
    os.close(made.lock)
    os.close(made.board)


@pytest.fixture
def two(folder: Path, claimed: Claim) -> Iterator[tuple[Worker, Worker]]:
    with worker(folder, claimed) as one, worker(folder, claimed) as other:
        yield one, other


def save(store: Store, name: object, size: int, seed: int = 0, **words) -> bytes:
    return keep(store, name, content(seed, size), fields=[(b"seed", b"%d" % seed)], **words)


def content(seed: int, size: int) -> bytes:
    """A body that nothing else is."""
    return random.Random(seed).randbytes(size)


def wrong(store: Store, names: list[object]) -> list[str]:
    """What is stored under these keys and is not as it was given. Most are misses or sound."""
    found = []
    for name in names:
        for variant in store.variants(key(name)):
            stored = store.load(variant.ident)
            if stored is None:
                continue
            seed = int(stored.entry.get(b"seed"))
            body = body_of(stored)
            if stored.entry.url != answer(name).url:
                found.append(f"{name} is {stored.entry.url!r}")
            if body is None or body != content(seed, stored.entry.length):
                found.append(f"{name}: {stored.ident!r} is not what was stored")
    return found


def there(store: Store, name: object) -> list[bytes | None]:
    return [body_of(store.load(each.ident)) for each in store.variants(key(name))]


def generation(store: Store, name: object) -> int:
    return store.generations[store.cell(key(name))]


def purge(store: Store, *words, soft: bool = False) -> float:
    started = time.perf_counter()
    store.purge(*words, soft=soft)
    return time.perf_counter() - started


def test_what_one_worker_stores_another_serves(two) -> None:
    one, other = two
    for size in (10, SMALL, SMALL + 1, 3 * STEP):
        one.run(save, size, size, size)
        assert other.run(there, size) == [content(size, size)]


def test_a_purge_is_in_force_in_all_workers_when_it_returns(two) -> None:
    one, other = two
    other.run(save_tagged, "a")
    before = other.run(generation, "a")
    assert other.run(there, "a") == [content(0, 10)]
    one.run(purge, "tag", b"t")
    assert other.run(generation, "a") != before
    assert other.run(there, "a") == [None]


def save_tagged(store: Store, name: object) -> None:
    save(store, name, 10, tags=[b"t"])


@pytest.mark.parametrize("count", [1000, pytest.param(100_000, marks=pytest.mark.soak)])
def test_however_many_answers_are_purged_it_takes_no_time(
    folder: Path, claimed: Claim, count: int
) -> None:
    size = SIZE + 3000 * count
    with worker(folder, claimed, size) as one, worker(folder, claimed, size) as other:
        one.run(save_many, count)
        assert one.run(count_objects) == count
        assert one.run(purge, "tag", b"t") < 0.05
        chosen = (0, count // 2, count - 1)
        assert [other.run(there, number) for number in chosen] == [[None]] * 3


def save_many(store: Store, count: int) -> None:
    for number in range(count):
        save_tagged(store, number)


def test_two_write_and_two_read_at_once_and_nobody_reads_what_was_not_written(
    folder: Path, claimed: Claim
) -> None:
    workers = [Worker(folder, SIZE, claimed) for _ in range(4)]
    for number, each in enumerate(workers):
        each.start(churn if number < 2 else read_all, number, 1.0)
    results = [each.result() for each in workers]
    for each in workers:
        each.kill()
    assert results[2:] == [[], []]
    assert min(results[:2]) > 5, "enough to be in each other's way, on a busy machine too"


NAMES: list[object] = list(range(60))


def churn(store: Store, seed: int, seconds: float) -> int:
    """All kinds of writes, at random. How many."""
    chance = random.Random(seed)
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        write_at_random(store, chance)
        count += 1
    return count


def write_at_random(store: Store, chance: random.Random) -> None:
    name = chance.choice(NAMES)
    seed = chance.randrange(1 << 30)
    size = chance.choice((10, 700, 5000, SMALL, SMALL + 1, 100_000, 1_300_000))
    what = chance.randrange(12)
    vary = [(b"a", b"%d" % chance.randrange(3))]
    if what < 6:
        fields = [(b"seed", b"%d" % seed)]
        now = store.now()
        tags = [b"t%d" % (seed % 9)]
        entry = answer(name, size, fields=fields, vary=vary, tags=tags, received=now)
        spool = store.spool(key(name), entry, store.moment()) if size > SMALL else None
        if spool is None:
            save_some(store, key(name), entry, content(seed, size), chance)
            return
        body = content(seed, size)
        for start in range(0, size, 64_000):
            spool.write(body[start : start + 64_000])
        spool.finish(entry)
    elif what < 9:
        for each in store.variants(key(name)):
            stored = store.load(each.ident)
            if stored is not None:
                stored.entry.fields.append((b"validated", b"1"))
                store.freshen(key(name), each.ident, stored.entry, store.moment())
    elif what == 9:
        store.forget(key(name))
    elif what == 10:
        store.purge("tag", b"t%d" % (seed % 9), soft=bool(seed % 2))
    else:
        store.sweep()


def save_some(store: Store, primary: bytes, entry: Entry, body: bytes, chance) -> None:
    """It, and a few others in the same write."""
    saves = [Save(primary, entry, body, store.moment())]
    for _ in range(chance.randrange(4) if len(body) <= SMALL else 0):
        name, seed, size = chance.choice(NAMES), chance.randrange(1 << 30), chance.randrange(9000)
        fields = [(b"seed", b"%d" % seed)]
        other = answer(name, size, fields=fields, received=store.now())
        saves.append(Save(key(name), other, content(seed, size), store.moment()))
    if len(body) > SMALL:
        store.save(*saves[0][:4])
    else:
        while store.save_all(saves) is None:
            time.sleep(0.0001)


def read_all(store: Store, seed: int, seconds: float) -> list[str]:
    found = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found += [each for each in wrong(store, NAMES) if "not what" not in each]
        found += [each for each in wrong(store, NAMES) if "not what" in each]
    return found


def kill_in_the_middle(folder: Path, claimed: Claim, reader: Worker, seed: int) -> None:
    victim = Worker(folder, SIZE, claimed)
    victim.start(churn, seed, 60.0)
    time.sleep(random.Random(seed).uniform(0.01, 0.06))  # so that it is in the middle of something
    victim.kill()
    assert reader.run(wrong, NAMES) == []


def test_a_killed_writer_leaves_nothing_half_written(folder: Path, claimed: Claim) -> None:
    with worker(folder, claimed) as reader:
        for seed in range(20):
            kill_in_the_middle(folder, claimed, reader, seed)
        assert reader.run(count_objects) > 0
        assert reader.run(leftovers) == (0, 0, [])


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_thousand_killed_writers_leave_nothing_half_written(folder: Path, claimed: Claim) -> None:
    with worker(folder, claimed) as reader:
        for seed in range(1000):
            kill_in_the_middle(folder, claimed, reader, seed)
        assert reader.run(count_objects) > 0
        assert reader.run(leftovers) == (0, 0, [])


def count_objects(store: Store) -> int:
    return store.stat().objects


def leftovers(store: DiskStore) -> tuple[int, int, list[str]]:
    """What dead workers left when the sweep has been everywhere: bodies on their way, bytes that
    are counted and not there, files that nothing tells of."""
    for _ in range(256 * 16):
        store.sweep()
    stat = store.stat()
    eras = [*store._folder.glob("era-*")]
    assert len(eras) == 1
    names = {path.name for path in eras[0].glob("bodies/*/*")}
    known = set()
    for name in names:
        if store.load(bytes.fromhex(name)) is not None:
            known.add(name)
    with store._database.reading() as txn:
        meta = store._database.meta(txn)
    assert len(names - known) == 0 or stat.files >= len(known)
    return stat.growing, meta.reserved, sorted(names - known - purged(store, names))


def purged(store: DiskStore, names: set[str]) -> set[str]:
    """Files whose record is still there but was purged: the sweep comes by."""
    with store._database.reading() as txn:
        objects = store._database.objects
        return {name for name in names if txn.get(bytes.fromhex(name), db=objects) is not None}


def test_a_dead_workers_body_is_seen_to_have_failed(folder: Path, claimed: Claim) -> None:
    with worker(folder, claimed) as reader:
        writer = Worker(folder, SIZE, claimed)
        writer.run(begin_to_spool, "a")
        assert reader.run(follow, "a") == [(100_000, "growing")]
        writer.kill()
        assert reader.run(look_again) == [(100_000, "failed")]
        assert reader.run(follow, "a") == []
        assert reader.run(leftovers) == (0, 0, [])


HELD: list[object] = []
"""What a worker holds on to."""


def begin_to_spool(store: Store, name: object) -> None:
    spool = store.spool(key(name), answer(name, -1), store.moment())
    spool.write(bytes(100_000))
    HELD.append(spool)


def finish_spool(store: Store, name: object) -> bytes | None:
    return HELD.pop().finish(answer(name, 100_000))


def follow(store: Store, name: object) -> list[tuple[int, str]]:
    HELD[:] = store.follow(key(name))
    return look_again(store)


def look_again(store: Store) -> list[tuple[int, str]]:
    return [(each.size(), each.state()) for each in HELD]


def test_another_worker_follows_a_body_to_its_end(two) -> None:
    one, other = two
    one.run(begin_to_spool, "a")
    assert other.run(follow, "a") == [(100_000, "growing")]
    assert one.run(finish_spool, "a") is not None
    assert other.run(look_again) == [(100_000, "complete")]
    assert other.run(there, "a") == [bytes(100_000)]


def test_churn_keeps_the_bound_on_disk(folder: Path, claimed: Claim) -> None:
    with worker(folder, claimed) as writer:
        for seed in range(4):
            writer.run(churn, seed, 0.5)
            blocks = sum(
                path.stat().st_blocks * 512
                for path in folder.rglob("*")
                if path.name != "lock.mdb" and path.is_file()
            )
            assert blocks <= SIZE * 1.02


def test_a_full_disk_is_told_of_once_and_the_store_serves_on(folder: Path) -> None:
    said: list[str] = []
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with disk(folder, say=said.append) as (store, _):
        kept = save(store, "a", 5000)
        limit = (folder / "era-1" / "data.mdb").stat().st_size + 4096
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            results = [
                store.save(key(number), answer(number), bytes(SMALL), store.moment())
                for number in range(40)
            ]
            large = store.save(key("l"), answer("l"), bytes(10 * SMALL), store.moment())
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert results[-1] is None
        assert large is None
        assert body_of(store.load(kept)) == content(0, 5000)
        assert len(said) == 1
        assert "free space" in said[0]
        assert str(folder) in said[0]
        save(store, "b", SMALL)
        assert there(store, "b") == [content(0, SMALL)]


def test_what_is_too_large_for_a_full_disk_takes_nothing_else_with_it(folder: Path) -> None:
    said: list[str] = []
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with disk(folder, say=said.append) as (store, _):
        for number in range(20):  # pages that are free again are of use to what is small
            save(store, "a", 5000, number)
        number = 0
        while unused(store) > SMALL:
            save(store, number, SMALL)
            number += 1
        limit = (folder / "era-1" / "data.mdb").stat().st_size
        sizes = {"b": 10, "large": SMALL, "c": 20}
        saves = [
            Save(key(name), answer(name, size), content(1, size), store.moment())
            for name, size in sizes.items()
        ]
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            idents = store.save_all(saves)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert [ident is not None for ident in idents] == [True, False, True]
        assert there(store, "b") == [content(1, 10)]
        assert there(store, "large") == []
        assert len(said) == 1


def unused(store: DiskStore) -> int:
    """Bytes of the database's file behind its last page."""
    return store._database.pages() - 4096 * (store._database._present().info()["last_pgno"] + 1)


def test_a_purge_that_cannot_be_written_purges_everything(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Database, patience: float) -> None:
        raise lmdb.MapFullError("no page is left")

    _, hard = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with disk(folder, say=lambda text: None) as (store, _):
        kept = [save(store, number, 5000) for number in range(20)]
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        try:
            with monkeypatch.context() as patched:
                patched.setattr(Database, "begin_write", fail)
                store.purge("tag", b"t")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert [store.load(each) for each in kept] == [None] * 20
        save(store, "b", 10)
        assert there(store, "b") == [content(0, 10)]


@pytest.mark.parametrize("how", ["missing", "short", "long", "flipped", "swapped", "unreadable"])
def test_a_damaged_file_is_a_miss_that_heals(folder: Path, how: str) -> None:
    with disk(folder) as (store, _):
        idents = [save(store, name, 300_000, seed) for seed, name in enumerate("ab")]
        paths = [path_of(store._database.folder, ident) for ident in idents]
        damage(how, *paths)
        assert store.load(idents[0]) is None
        assert store.stat().damaged == 1
        assert store.variants(key("a")) == []
        save(store, "a", 300_000, 7)
        assert there(store, "a") == [content(7, 300_000)]


def damage(how: str, path: Path, other: Path) -> None:
    data = bytearray(path.read_bytes())
    if how == "missing":
        path.unlink()
    elif how == "short":
        os.truncate(path, 299_999)
    elif how == "long":
        path.write_bytes(data + b"x")
    elif how == "flipped":
        data[270_000] ^= 1
        path.write_bytes(data)
    elif how == "swapped":
        other.replace(path)
    else:
        path.unlink()
        path.mkdir()


def test_damage_far_into_a_file_cuts_the_answer_and_heals(folder: Path) -> None:
    with disk(folder) as (store, _):
        ident = save(store, "a", 3 << 20)
        path = path_of(store._database.folder, ident)
        data = bytearray(path.read_bytes())
        data[2 << 20] ^= 1
        path.chmod(0o600)
        path.write_bytes(data)
        stored = store.load(ident)
        before = generation(store, "a")
        assert stored.body.read(0, 1 << 20) == data[: 1 << 20]
        assert stored.body.read(2 << 20, 1000) is None
        assert not stored.body.is_sound(0, 3 << 20)
        assert store.load(ident) is None
        assert generation(store, "a") != before


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_database_is_a_miss_that_heals_in_all_workers(
    folder: Path, claimed: Claim, seed: int
) -> None:
    chance = random.Random(seed)
    with worker(folder, claimed) as one:
        for name in NAMES:
            one.run(save, name, chance.choice((10, 700, 5000, SMALL)), chance.randrange(999))
    path = folder / "era-1" / "data.mdb"
    size = path.stat().st_size
    with path.open("r+b") as file:
        for _ in range(chance.choice((1, 5, 50))):
            file.seek(chance.randrange(8192, size))
            file.write(chance.randbytes(chance.choice((1, 8, 300, 4096))))
        file.truncate(size)
    with worker(folder, claimed) as one, worker(folder, claimed) as other:
        assert one.run(wrong, NAMES) == []
        for number, name in enumerate(NAMES):
            (one, other)[number % 2].run(try_to_save, name)
        assert one.run(wrong, NAMES) == []
        for name in NAMES:
            one.run(save, name, 100, 5)
            assert other.run(there, name)[0] == content(5, 100)


def try_to_save(store: Store, name: object) -> None:
    store.save(key(name), answer(name, 10, fields=[(b"seed", b"1")]), content(1, 10), 1 << 40)


def test_a_body_of_a_database_that_was_put_aside_is_not_kept_in_the_new_one(folder: Path) -> None:
    with disk(folder) as (store, _):
        spool = store.spool(key("a"), answer("a", -1), store.moment())
        spool.write(bytes(100_000))
        store._database.condemn()
        assert spool.finish(answer("a", 100_000)) is None
        assert store.variants(key("a")) == []
        assert store.stat().growing == 0


def test_what_was_asked_for_before_a_database_was_put_aside_is_not_kept(folder: Path) -> None:
    """A purge that could not be noted may have been the reason."""
    with disk(folder) as (store, _):
        before = store.moment()
        store._database.condemn()
        assert store.variants(key("a")) == []
        assert store.save(key("a"), answer(), b"old", before) is None
        ident = keep(store)
        assert store.load(ident) is not None
        before = store.moment()
        store.purge("all")
        assert store.load(ident) is None
        assert store.save(key("a"), answer(), b"old", before) is None


def test_nobody_else_may_read_what_is_stored(folder: Path) -> None:
    with disk(folder) as (store, _):
        save(store, "a", 100_000)
        save(store, "b", 10)
        assert folder.stat().st_mode & 0o077 == 0
