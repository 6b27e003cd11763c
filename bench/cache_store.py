"""Does a store with a million answers cost more than one with a thousand? What does one take?

    python bench/cache_store.py                      a thousand and a million, about six minutes
    python bench/cache_store.py --answers 100000     the same with fewer

Each store in a process of its own, one worker, no other load; bodies of 1 KiB with a usual head,
and then some of 64 KiB and 4 MiB. CPU of an operation, kernel included: the median of nine rounds
of a thousand at random keys; "the same few" are a thousand keys, asked again and again. Memory:
what the process holds beside the pages of the database, which are the system's cache; disk: what
all files take.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from harness import machine

from porch.cache.disk_store import DiskStore
from porch.cache.entry import Entry
from porch.cache.opening import claim, open_store
from porch.cache.store import FileBody, Save

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 9
EACH = 1000
TOGETHER = 16
"""Answers in one write, where several come in one turn of the loop."""
FIELDS = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"public, max-age=600"),
    (b"etag", b'"5f3a-62c1d1f0"'),
    (b"last-modified", b"Tue, 03 Mar 2026 10:11:12 GMT"),
    (b"content-length", b"1024"),
    (b"server", b"origin"),
    (b"date", b"Tue, 03 Mar 2026 10:11:12 GMT"),
]


def key(number: int) -> bytes:
    """A primary key."""
    return hashlib.blake2b(b"%d" % number, digest_size=16).digest()


def answer(store: DiskStore, number: int, length: int = 1024) -> Entry:
    """A usual head."""
    return Entry(
        200,
        FIELDS,
        length,
        store.now(),
        0.0,
        600.0,
        "max-age",
        url=b"https://example.com/articles/%d" % number,
        tags=[b"section-%d" % (number % 50)],
    )


def cost(work: Callable[[int], object], numbers: list[int]) -> float:
    """Microseconds of CPU for one."""
    before = time.process_time()
    for number in numbers:
        work(number)
    return (time.process_time() - before) / len(numbers) * 1e6


def rounds(answers: int, make: Callable[[int], object], first: int | None = None) -> float:
    """The median over rounds at random keys, or at new ones from `first` on."""
    chance = random.Random(answers)
    found = []
    for number in range(ROUNDS):
        if first is None:
            numbers = [chance.randrange(answers) for _ in range(EACH)]
        else:
            numbers = [*range(first + number * EACH, first + (number + 1) * EACH)]
        found.append(cost(make, numbers))
    return median(found)


def measure(answers: int, folder: Path) -> None:
    """One store, as lines "name value"."""
    size = (256 << 20) + answers * 6000
    claimed = claim(folder)
    store = open_store(folder, size, claimed, print)
    body = os.urandom(1024)
    before = _memory()
    for first in range(0, answers, TOGETHER):
        save_all(store, [*range(first, min(first + TOGETHER, answers))], body)
    grown = _memory() - before
    files = [path for path in folder.rglob("*") if path.is_file()]
    disk = sum(path.stat().st_blocks * 512 for path in files)

    def freshen(number: int) -> None:
        for each in store.variants(key(number)):
            store.freshen(key(number), each.ident, answer(store, number), store.moment())

    def load(number: int) -> None:
        for each in store.variants(key(number)):
            store.load(each.ident)

    def save(number: int) -> None:
        store.save(key(number), answer(store, number), body, store.moment())

    print("find", rounds(answers, lambda number: store.variants(key(number))))
    print("find, load", rounds(answers, load))
    same = random.Random(0).sample(range(answers), min(EACH, answers))
    print("find, load, the same few", rounds(len(same), lambda number: load(same[number])))
    print("nothing there", rounds(answers, lambda number: store.variants(key(-1 - number))))
    print("save", rounds(answers, save, answers))
    together = [*range(answers + ROUNDS * EACH, answers + 2 * ROUNDS * EACH)]
    for count in (4, TOGETHER):
        starts = [*range(0, len(together) - count + 1, count)]

        def save_some(at: int, many: int = count) -> None:
            save_all(store, together[at : at + many], body)

        spent = cost(save_some, starts)
        print(f"save, {count} in one write", spent / count)
    print("replace", rounds(answers, save))
    print("freshen", rounds(answers, freshen))
    print("purge by tag", cost(lambda number: store.purge("tag", b"section-3"), [*range(100)]))
    print("sweep", cost(lambda number: store.sweep(), [*range(500)]))
    print("memory", max(0, grown) / answers)
    print("disk", disk / answers)
    _measure_bodies(store)
    store.close()


def save_all(store: DiskStore, numbers: list[int], body: bytes) -> None:
    """Several in one write, as those that come in one turn of the loop."""
    store.save_all([Save(key(each), answer(store, each), body, store.moment()) for each in numbers])


def _measure_bodies(store: DiskStore) -> None:
    for size in (16 << 10, 32 << 10, 64 << 10, 4 << 20):
        body = os.urandom(size)
        name = f"{size >> 10} KiB"
        keys = [b"body %d" % number + bytes(16) for number in range(20)]

        def save(number: int, body: bytes = body, keys: list[bytes] = keys) -> None:
            entry = answer(store, number, len(body))
            store.save(keys[number], entry, body, store.moment())

        def load(number: int, keys: list[bytes] = keys) -> None:
            stored = store.load(store.variants(keys[number])[0].ident)
            if stored is not None and not isinstance(stored.body, bytes):
                _read(stored.body)

        print(f"save {name}", cost(save, [*range(20)]))
        print(f"first read {name}", cost(load, [*range(20)]))
        print(f"read {name}", cost(load, [*range(20)]))


def _read(body: FileBody) -> None:
    for first in range(0, body.length, 256 << 10):
        body.read(first, 256 << 10)


def _memory() -> int:
    """Bytes of memory of its own that this process holds."""
    with open("/proc/self/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith("Anonymous:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=1000)
    parser.add_argument("--folder", help="on the file system to measure; default a temporary one")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        measure(options.measure, Path(options.folder))
        return 0
    print(f"{machine.date()}, Porch at {machine.commit(ROOT)}; {machine.machine()}")
    found = [_apart(count, options.folder) for count in (options.few, options.answers)]
    print(f"\n{'us of CPU':24} {options.few:>12,} {options.answers:>12,}    ratio")
    for name, few in found[0].items():
        many = found[1][name]
        unit = " bytes an answer" if name in ("memory", "disk") else ""
        print(f"{name:24} {few:12.1f} {many:12.1f} {many / few if few else 0:8.2f}{unit}")
    return 0


def _apart(answers: int, folder: str | None) -> dict[str, float]:
    """Measure in a process of its own."""
    place = tempfile.mkdtemp(prefix="porch-store-", dir=folder)
    command = [sys.executable, __file__, "--measure", str(answers), "--folder", place + "/store"]
    try:
        ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    finally:
        shutil.rmtree(place)
    lines = [line.rpartition(" ") for line in ran.stdout.splitlines()]
    return {name: float(value) for name, _, value in lines}


if __name__ == "__main__":
    raise SystemExit(main())
