"""Which answers does a full cache let go of? Hit ratios of LRU, SIEVE, S3-FIFO and the store's own.

    python bench/eviction.py                 five seeds, about two minutes
    python bench/eviction.py --seeds 2       the same, coarser

A simulation: nothing is stored. Three kinds of traces over objects whose sizes are drawn as those
of the web are (log-normal, median 8 KiB, cut at 4 MiB), in a cache of 1 % and of 10 % of all bytes:
zipf (popularity by rank to the power of -0.9), scan (the same, and a crawler that asks for each
object in turn, in bursts), mixed (popularity that drifts, with a third of the requests for what
is never asked for again). Prints hits in percent of requests and in percent of bytes.

LRU is the yardstick. SIEVE: Zhang et al., NSDI 2024. S3-FIFO: Yang et al., SOSP 2023 (a tenth of
the bytes for the small queue, a ghost of as many keys as the main queue has). Porch: what the store
does (porch.cache.eviction), both in one, where a hit and a promotion move nothing.
"""

from __future__ import annotations

import argparse
import random
from array import array
from bisect import bisect
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from itertools import accumulate
from statistics import mean

from porch.cache import eviction
from porch.cache.eviction import Ghost, Hands, Line

OBJECTS = 20_000
REQUESTS = 100_000
LOOKS = 64
"""Marks that one insertion of SIEVE takes away at most, as in the store."""


class Lru:
    """The least recently used goes."""

    def __init__(self, room: int) -> None:
        self.room, self.used = room, 0
        self.kept: OrderedDict[int, int] = OrderedDict()

    def ask(self, key: int, size: int) -> bool:
        """Whether it is there; it is afterwards."""
        if key in self.kept:
            self.kept.move_to_end(key)
            return True
        self.kept[key] = size
        self.used += size
        while self.used > self.room:
            self.used -= self.kept.popitem(last=False)[1]
        return False


class Sieve:
    """A hand goes from the oldest to the newest: who was not seen since it last came goes."""

    def __init__(self, room: int) -> None:
        self.room, self.used = room, 0
        self.kept: dict[int, int] = {}
        self.seen: set[int] = set()
        self.order: list[int] = []
        self.hand = 0

    def ask(self, key: int, size: int) -> bool:
        """Whether it is there; it is afterwards."""
        if key in self.kept:
            self.seen.add(key)
            return True
        looks = LOOKS
        while self.used + size > self.room:
            looks = self._turn(looks)
        self.kept[key] = size
        self.order.append(key)
        self.used += size
        return False

    def _turn(self, looks: int) -> int:
        if self.hand >= len(self.order):
            self.order = [key for key in self.order if key >= 0]
            self.hand = 0
        key = self.order[self.hand]
        if key in self.seen and looks:
            self.seen.discard(key)
            looks -= 1
        elif key >= 0:
            self.seen.discard(key)
            self.used -= self.kept.pop(key)
            self.order[self.hand] = -1
        self.hand += 1
        return looks


class S3Fifo:
    """A small queue that only what was seen leaves for the main one; a ghost remembers the rest."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.small_room = room // 10
        self.small_used = self.main_used = 0
        self.sizes: dict[int, int] = {}
        self.seen: dict[int, int] = {}
        self.small: deque[int] = deque()
        self.main: deque[int] = deque()
        self.ghost: OrderedDict[int, None] = OrderedDict()

    def ask(self, key: int, size: int) -> bool:
        """Whether it is there; it is afterwards."""
        if key in self.sizes:
            self.seen[key] = min(3, self.seen[key] + 1)
            return True
        while self.small_used + self.main_used + size > self.room:
            if self.small_used > self.small_room or not self.main:
                self._shrink_small()
            else:
                self._shrink_main()
        self.sizes[key], self.seen[key] = size, 0
        if key in self.ghost:
            del self.ghost[key]
            self._add_main(key)
        else:
            self.small.append(key)
            self.small_used += size
        return False

    def _add_main(self, key: int) -> None:
        self.main.append(key)
        self.main_used += self.sizes[key]

    def _shrink_small(self) -> None:
        key = self.small.popleft()
        self.small_used -= self.sizes[key]
        if self.seen[key] > 1:
            self.seen[key] = 0
            self._add_main(key)
            return
        del self.sizes[key], self.seen[key]
        self.ghost[key] = None
        while len(self.ghost) > max(16, len(self.main)):
            self.ghost.popitem(last=False)

    def _shrink_main(self) -> None:
        key = self.main.popleft()
        if self.seen[key]:
            self.seen[key] -= 1
            self.main.append(key)
            return
        self.main_used -= self.sizes[key]
        del self.sizes[key], self.seen[key]


class Porch:
    """As the store does it."""

    def __init__(self, room: int) -> None:
        self.room, self.used = room, 0
        self.line = Line()
        self.hands = Hands()
        self.sieve = eviction.Sieve(bytearray(1 << 20))
        self.ghost = Ghost(array("Q", bytes(8 << 17)))
        self.places: dict[int, int] = {}
        self.names: dict[int, int] = {}
        self.position = 0

    def ask(self, key: int, size: int) -> bool:
        """Whether it is there; it is afterwards."""
        place = self.places.get(key)
        if place is not None:
            self.sieve.seen(place)
            return True
        while self.used + size > self.room:
            self._evict()
        self.position = position = self.position + 1
        self.places[key], self.names[position] = position, key
        self.line.add(position, size)
        self.used += size
        ago = self.ghost.recall(_hash(key), position)
        is_known = ago is not None and ago <= len(self.line)
        self.sieve.enter(self.hands, position, size, is_known=is_known)
        return False

    def _evict(self) -> None:
        found = self.sieve.victim(self.line, self.hands, self.used)
        assert found is not None
        position, on_trial = found
        key = self.names.pop(position)
        del self.places[key]
        if on_trial:
            self.ghost.remember(_hash(key), self.position)
        cost = self.line.drop(position)
        self.sieve.leave(self.hands, position, cost)
        self.used -= cost


def _hash(key: int) -> int:
    return (key + 1) * 0x9E3779B97F4A7C15 & ((1 << 64) - 1)


Policy = Lru | Sieve | S3Fifo | Porch


def popularity(chance: random.Random, exponent: float = 0.9) -> Callable[[], int]:
    """Draws ranks, 0 the most popular."""
    totals = list(accumulate((rank + 1) ** -exponent for rank in range(OBJECTS)))
    return lambda: bisect(totals, chance.random() * totals[-1])


def zipf(chance: random.Random) -> Iterator[int]:
    """Some are asked for more than others, always the same."""
    rank = popularity(chance)
    names = chance.sample(range(OBJECTS), OBJECTS)
    for _ in range(REQUESTS):
        yield names[rank()]


def scan(chance: random.Random) -> Iterator[int]:
    """Beside those, a crawler that goes through all of a second site, in bursts of 2,000."""
    crawled = 0
    for number, key in enumerate(zipf(chance)):
        if number % 10_000 < 2_000:
            yield OBJECTS + crawled % OBJECTS
            crawled += 1
        else:
            yield key


def mixed(chance: random.Random) -> Iterator[int]:
    """What is popular moves on, and a third of the requests is for what nobody wants again."""
    rank = popularity(chance)
    once = 2 * OBJECTS
    for number in range(REQUESTS):
        if chance.random() < 1 / 3:
            once += 1
            yield once
        else:
            yield (rank() + number // 50) % OBJECTS


def size_of(key: int, salt: int) -> int:
    """Bytes of an object: always the same for one key."""
    drawn = random.Random(key * 1_000_003 + salt).lognormvariate(9.0, 1.5)
    return 256 + min(4 << 20, int(drawn))


def ratios(policy: Policy, trace: list[int], sizes: dict[int, int]) -> tuple[float, float]:
    """Hits in percent of requests and of bytes, after a tenth of the trace to warm up."""
    hits = hit_bytes = asked = asked_bytes = 0
    warm = len(trace) // 10
    for number, key in enumerate(trace):
        size = sizes[key]
        is_hit = policy.ask(key, size)
        if number >= warm:
            asked += 1
            asked_bytes += size
            hits += is_hit
            hit_bytes += size * is_hit
    return 100 * hits / asked, 100 * hit_bytes / asked_bytes


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seeds", type=int, default=5)
    seeds = parser.parse_args().seeds
    print(f"hits in % of requests (of bytes), mean of {seeds} seeds, {REQUESTS:,} requests\n")
    print("| trace | cache | LRU | SIEVE | S3-FIFO | Porch |")
    print("| --- | --- | --- | --- | --- | --- |")
    for make in (zipf, scan, mixed):
        found: dict[tuple[int, str], list[tuple[float, float]]] = {}
        for seed in range(seeds):
            trace = list(make(random.Random(seed)))
            sizes = {key: size_of(key, seed) for key in set(trace)}
            whole = sum(size for key, size in sizes.items() if key < OBJECTS)
            for share in (1, 10):
                room = max(8 << 20, whole * share // 100)
                for kind in (Lru, Sieve, S3Fifo, Porch):
                    policy = kind(room)
                    got = ratios(policy, trace, sizes)
                    found.setdefault((share, kind.__name__), []).append(got)
        for share in (1, 10):
            cells = [
                f"{mean(a for a, _ in found[share, name]):.1f}"
                f" ({mean(b for _, b in found[share, name]):.1f})"
                for name in ("Lru", "Sieve", "S3Fifo", "Porch")
            ]
            print(f"| {make.__name__} | {share} % | {' | '.join(cells)} |")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
