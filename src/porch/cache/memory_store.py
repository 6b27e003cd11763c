"""The store in one process's memory: no answer is shared between workers, and none outlives them.
What one of them lets go of, all do (notices.py)."""

import heapq
from array import array
from collections import OrderedDict
from collections.abc import Sequence

from porch import clock
from porch.cache.bans import GONE, SOFT, VALID, Numbers, decided, names
from porch.cache.change import hashed
from porch.cache.entry import Entry
from porch.cache.eviction import Ghost, Hands, Line, Sieve
from porch.cache.memory_spool import MemoryGrowth, MemorySpool
from porch.cache.notices import GENERATIONS, Notices
from porch.cache.spool import Growing
from porch.cache.store import (
    VARIANTS,
    Growth,
    Save,
    Scope,
    Spool,
    Stat,
    Stored,
    Variant,
    Ways,
)
from porch.cache.sweeping import is_useless
from porch.cache.ways import Attended, unattended

__all__ = ["MemoryStore"]

BANS = 10_000
"""Names of purges that are kept; if there are more at one time, what is older than the oldest is
purged too."""
GHOSTS = 1 << 16
MARKS = 1 << 20
SWEPT = 64
"""Answers that one step of the sweep looks at."""
OVERHEAD = 1024
"""Bytes that an answer takes besides its body and its fields."""


class _Kept:
    """One answer. moment: purges that it has outlived. cost: bytes of memory."""

    __slots__ = ("body", "cost", "entry", "is_purged", "moment", "primary")

    def __init__(self, primary: bytes, entry: Entry, body: bytes, moment: int) -> None:
        self.primary = primary
        self.entry = entry
        self.body = body
        self.moment = moment
        self.is_purged = False
        fields = sum(len(name) + len(value) + 150 for name, value in entry.fields)
        self.cost = OVERHEAD + fields + len(body)


class _Bans:
    """Names of purges with their numbers: the last hard one and the last soft one."""

    __slots__ = ("_by_name", "count", "dropped", "floor")

    def __init__(self) -> None:
        self._by_name: OrderedDict[tuple[str, bytes], Numbers] = OrderedDict()
        self.count = self.dropped = self.floor = 0

    def __len__(self) -> int:
        return len(self._by_name)

    def add(self, scope: str, value: bytes, *, soft: bool = False) -> None:
        self.count += 1
        hard, last_soft = self._by_name.pop((scope, value), (0, 0))
        name = (scope, value)
        self._by_name[name] = (hard, self.count) if soft else (self.count, last_soft)
        if len(self._by_name) > BANS:
            (oldest, _), numbers = self._by_name.popitem(last=False)
            self.dropped = max(numbers)
            if oldest != "key":  # of which nothing is stored that is older
                self.floor = self.dropped

    def drop(self, last: int) -> None:
        """Those up to this number are not needed any more."""
        while self._by_name and max(next(iter(self._by_name.values()))) <= last:
            self.dropped = max(self._by_name.popitem(last=False)[1])

    def verdict(self, entry: Entry, moment: int, primary: bytes) -> int:
        """VALID, SOFT or GONE: what was purged since `moment`. primary: of one to be stored."""
        if moment >= self.count:
            return VALID
        if moment < self.floor or (primary and moment < self.dropped):
            return GONE
        by_name = self._by_name
        purged = [by_name[name] for name in names(entry, primary) if name in by_name]
        purged += [
            numbers
            for (scope, value), numbers in by_name.items()
            if scope == "prefix" and entry.url.startswith(value)
        ]
        return decided(purged, moment)


class MemoryStore:
    """A store.Store. max_size: bytes, of bodies and heads. notices: this worker's; None where
    there is no other. All bodies come as bytes."""

    def __init__(self, max_size: int, notices: Notices | None = None) -> None:
        self._notices = notices = notices or Notices.alone()
        self.generations = notices.generations
        self._latest = notices.latest
        self._heard = self._latest[0]
        self.writes = memoryview(array("q", (0,)))
        self._max_size = max_size
        self._kept: dict[int, _Kept] = {}
        self._keys: dict[bytes, list[Variant]] = {}
        self._growing: dict[bytes, list[MemorySpool]] = {}
        self._marks = bytearray(MARKS)
        self._sieve = Sieve(self._marks)
        self._ghost = Ghost(array("Q", bytes(8 * GHOSTS)))
        self._line = Line()
        self._ways: Ways | None = None
        self._attended = Attended(notices.ways)
        self._hands = Hands()
        self._bans = _Bans()
        self._position = self._used = self._reserved = self._spools = 0
        self._swept = self._pass = 0
        self._evicted = self._expired = self._refused = 0

    def __repr__(self) -> str:
        return f"<MemoryStore {len(self._kept)} answers>"

    def cell(self, primary: bytes) -> int:
        """See Store."""
        return int.from_bytes(primary[-2:], "little") % GENERATIONS

    def now(self) -> float:
        """See Store."""
        return clock.uptime()

    def moment(self) -> int:
        """See Store."""
        self._hear()
        return self._bans.count

    def variants(self, primary: bytes) -> list[Variant]:
        """See Store."""
        if self._latest[0] != self._heard:
            self._hear()
        return list(self._keys.get(primary, ()))

    def load(self, ident: bytes) -> Stored | None:
        """See Store."""
        if self._latest[0] != self._heard:
            self._hear()
        kept = self._kept.get(int.from_bytes(ident, "big"))
        if kept is None:
            return None
        # A key that was forgotten has no answer of before, so that name is not asked for.
        verdict = self._bans.verdict(kept.entry, kept.moment, b"")
        if verdict == GONE:
            return None
        return Stored(ident, kept.entry, kept.body, kept.is_purged or verdict == SOFT)

    def seen(self, ident: bytes) -> None:
        """See Store."""
        self._sieve.seen(int.from_bytes(ident, "big"))

    def save(self, primary: bytes, entry: Entry, body: bytes, moment: int) -> bytes | None:
        """See Store."""
        self._hear()
        kept = _Kept(primary, entry, body, self._bans.count)
        verdict = self._bans.verdict(entry, moment, primary)
        if verdict == GONE or not self._has_room(kept.cost, kept.cost):
            return None
        kept.is_purged = verdict == SOFT
        self._position += 1
        position = self._position
        ago = self._ghost.recall(hashed(primary), position)
        is_known = ago is not None and ago <= len(self._kept)
        self._kept[position] = kept
        self._line.add(position, kept.cost)
        self._sieve.enter(self._hands, position, kept.cost, is_known=is_known)
        self._used += kept.cost
        ident = position.to_bytes(8, "big")
        self._enlist(primary, Variant(ident, entry.vary, entry.received))
        self.writes[0] += 1
        return ident

    def save_all(self, saves: Sequence[Save]) -> list[bytes | None]:
        """See Store."""
        return [
            each.ident
            if each.ident and self.freshen(each.primary, each.ident, each.entry, each.moment)
            else (None if each.ident else self.save(*each[:4]))
            for each in saves
        ]

    def on_hanging(self) -> None:
        """See Store: others that write are not there."""

    def spool(self, primary: bytes, entry: Entry, moment: int) -> Spool | None:
        """See Store."""
        self._spools += 1
        ident = b"s" + self._spools.to_bytes(8, "big")
        spool = MemorySpool(self, primary, Growing(ident, entry, moment, 0))
        self._growing.setdefault(primary, []).append(spool)
        return spool

    def follow(self, primary: bytes) -> list[Growth]:
        """See Store."""
        self._hear()
        return [
            MemoryGrowth(each)
            for each in self._growing.get(primary, ())
            if self._bans.verdict(each.entry, each.moment, primary) == VALID
        ]

    def freshen(self, primary: bytes, ident: bytes, entry: Entry, moment: int) -> bool:
        """See Store."""
        self._hear()
        kept = self._kept.get(int.from_bytes(ident, "big"))
        if kept is None or kept.primary != primary:
            return False
        verdict = self._bans.verdict(entry, moment, primary)
        if GONE in (verdict, self._bans.verdict(kept.entry, kept.moment, b"")):
            self._touch(primary)
            self._drop(int.from_bytes(ident, "big"))
            return False
        if kept.entry.lifetime > 0.0 and entry.lifetime <= 0.0:  # so do not others believe theirs
            self._notices.tell([("key", primary, True)], self.cell(primary))
        kept.entry, kept.moment = entry, self._bans.count
        kept.is_purged = verdict == SOFT
        self._enlist(primary, Variant(ident, entry.vary, entry.received))
        return True

    def remove(self, primary: bytes, ident: bytes) -> bool:
        """See Store. What others have under this key they have from the same origin."""
        self._notices.tell([("key", primary, False)], self.cell(primary))
        return self._drop(int.from_bytes(ident, "big"))

    def forget(self, primary: bytes, *made: bytes) -> bool:
        """See Store."""
        keys = primary, *made
        had = [self._let_go(each) for each in keys]
        for each in keys:
            self._notices.tell([("key", each, False)], self.cell(each))
        return any(had)

    def purge(self, scope: Scope, value: bytes = b"", *, soft: bool = False) -> None:
        """See Store."""
        value = value.lower() if scope == "host" else b"" if scope == "all" else value
        self._bans.add(scope, value, soft=soft)
        self._notices.tell([(scope, value, soft)])

    def attend(self, ways: Ways) -> None:
        """See Store."""
        before, self._ways = self._ways, ways
        gone = [] if before is None else unattended(before, ways)
        for scope, value in gone:
            self.purge(scope, value)
        # What others keep by is not known to one that begins.
        self._attended.take(ways, parts=before is None or bool(gone))

    def is_attended(self) -> bool:
        """See Store."""
        return self._attended.is_alone()

    def sweep(self) -> None:
        """See Store."""
        self._hear()
        now = self.now()
        for _ in range(SWEPT):
            found = self._line.following(self._swept)
            if found is None:
                self._bans.drop(self._pass)
                self._pass = self._bans.count
                self._swept = 0
                break
            position = found[0]
            self._swept = position + 1
            kept = self._kept[position]
            verdict = self._bans.verdict(kept.entry, kept.moment, b"")
            if verdict == GONE or is_useless(kept.entry, now):
                self._drop(position)
                self._expired += 1
            elif verdict == SOFT:
                kept.is_purged = True

    def stat(self) -> Stat:
        """See Store."""
        return Stat(
            size=self._used + self._reserved,
            max_size=self._max_size,
            objects=len(self._kept),
            growing=sum(map(len, self._growing.values())),
            purges=len(self._bans),
            evicted=self._evicted,
            expired=self._expired,
            refused=self._refused,
        )

    def top(self, count: int) -> list[tuple[bytes, int]]:
        """See Store."""
        marks = self._marks
        best = heapq.nlargest(count, self._kept, key=lambda position: marks[position % MARKS])
        return [(self._kept[each].entry.url, marks[each % MARKS]) for each in best]

    def close(self) -> None:
        """See Store."""
        self._kept.clear()
        self._keys.clear()

    def take_room(self, length: int, more: int) -> bool:
        """For a body on its way of `length` bytes so far."""
        if not self._has_room(length + more, more):
            return False
        self._reserved += more
        return True

    def end_spool(self, spool: MemorySpool) -> None:
        """It is not on its way any more."""
        self._reserved -= spool.length
        spools = self._growing[spool.primary]
        spools.remove(spool)
        if not spools:
            del self._growing[spool.primary]

    def _enlist(self, primary: bytes, variant: Variant) -> None:
        known = self._keys.get(primary, [])
        if known:
            self._touch(primary)
        others: list[Variant] = []
        for each in known:
            if each.ident == variant.ident:
                continue  # with another Vary from now on, perhaps
            if each.vary == variant.vary or len(others) == VARIANTS - 1:
                self._drop(int.from_bytes(each.ident, "big"))
            else:
                others.append(each)
        self._keys[primary] = [variant, *others]

    def _touch(self, primary: bytes) -> None:
        """What was served under this key may not be as it was any more."""
        self._notices.touch(self.cell(primary))

    def _hear(self) -> None:
        """Let go of what other workers have."""
        latest = self._latest[0]
        if latest == self._heard:
            return
        self._heard = latest
        for kind, value, soft in self._notices.hear():
            if kind == "key" and soft:
                self._doubt(value)
            elif kind == "key":
                self._let_go(value)
            else:
                self._bans.add(kind, value, soft=soft)

    def _let_go(self, primary: bytes) -> bool:
        """Of a key, for whom nothing is to be stored that was asked for before now. Whether
        anything was."""
        self._bans.add("key", primary)
        variants = self._keys.get(primary, ())
        for each in variants:
            self._drop(int.from_bytes(each.ident, "big"))
        return bool(variants)

    def _doubt(self, primary: bytes) -> None:
        """What is under this key is asked about, and what was asked for before now and comes
        there."""
        self._bans.add("key", primary, soft=True)
        for each in self._keys.get(primary, ()):
            self._kept[int.from_bytes(each.ident, "big")].is_purged = True

    def _has_room(self, whole: int, need: int) -> bool:
        """For `need` bytes of something that has `whole`."""
        if whole > self._max_size // 2:
            self._refused += 1
            return False
        while self._used + self._reserved + need > self._max_size:
            found = self._sieve.victim(self._line, self._hands, self._used)
            if found is None:
                self._refused += 1
                return False
            position, on_trial = found
            if on_trial:
                self._ghost.remember(hashed(self._kept[position].primary), self._position)
            self._drop(position)
            self._evicted += 1
        return True

    def _drop(self, position: int) -> bool:
        kept = self._kept.pop(position, None)
        if kept is None:
            return False
        cost = self._line.drop(position)
        self._sieve.leave(self._hands, position, cost)
        self._used -= cost
        ident = position.to_bytes(8, "big")
        left = [each for each in self._keys.get(kept.primary, ()) if each.ident != ident]
        if left:
            self._keys[kept.primary] = left
        else:
            self._keys.pop(kept.primary, None)
        return True
