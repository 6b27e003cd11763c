"""Change: what one write does to the database, and the room that it needs.

Room is counted twice: what is stored must be less than the whole, and so must the disk that it
takes. The pages that the database has once grown to stay its own until the next start, so room for
a file comes of files alone; and the database may grow to three quarters, so that there is some.
"""

import contextlib
from typing import TYPE_CHECKING

from porch.cache.board import EVICTED, EXPIRED, REFUSED, Board
from porch.cache.bodies import path_of
from porch.cache.database import Database, Meta
from porch.cache.eviction import Ghost, Hands, Sieve
from porch.cache.records import (
    FILE,
    PAGE,
    RECORD,
    cost_of,
    ident_of,
    list_variants,
    pack_variants,
    position_of,
    unpack,
)
from porch.cache.spool import read
from porch.cache.store import VARIANTS, Variant

if TYPE_CHECKING:
    import lmdb

__all__ = ["Change", "Room", "hashed"]

RELIEF = 3
"""Records that go for each that comes, where pages are short."""

EVICTIONS = 64
"""Answers that one write takes away at most; if that is not enough, it is refused, and the next
finds more room."""


def hashed(primary: bytes) -> int:
    """64 bits of a key."""
    return int.from_bytes(primary[:8].ljust(8, b"\0"), "little")


class Room:
    """How much there may be, in bytes: of all, of the database's file, of records in it, of one
    body."""

    __slots__ = ("database", "longest", "records", "whole")

    def __init__(self, max_size: int) -> None:
        self.whole = max_size
        self.longest = max_size // 2
        self.database = max_size // 4 * 3
        # Some pages are free but too scattered for a large record, and removing takes pages too.
        self.records = self.database // 8 * 7


class _Objects:
    """The records of one kind, as a queue."""

    __slots__ = ("_cursor", "_kind")

    def __init__(self, cursor: "lmdb.Cursor[memoryview]", kind: bytes) -> None:
        self._cursor = cursor
        self._kind = kind

    def following(self, position: int) -> tuple[int, int] | None:
        """See Queue."""
        if not self._cursor.set_range(ident_of(self._kind, position)):
            return None
        ident = bytes(self._cursor.key())
        if ident[:1] != self._kind:
            return None
        return position_of(ident), cost_of(ident, self._cursor.value())


class Change:
    """In one transaction. When that is done, `publish` makes it known."""

    __slots__ = (
        "_board",
        "_database",
        "_doomed",
        "_ghost",
        "_is_scattered",
        "_pages",
        "_room",
        "_sieve",
        "_touched",
        "meta",
        "txn",
    )

    def __init__(
        self,
        database: Database,
        board: Board,
        room: Room,
        begun: tuple["lmdb.Transaction[memoryview]", Meta],
        order: tuple[Sieve, Ghost] | None = None,
    ) -> None:
        """order: of the board's marks and ghosts; they may be used for more than one change."""
        self._database = database
        self._board = board
        self._room = room
        self._sieve, self._ghost = order or (Sieve(board.marks), Ghost(board.ghosts))
        self._pages = -1
        self._is_scattered = False
        self.txn, self.meta = begun
        self._doomed: list[bytes] = []
        self._touched: list[tuple[int, int]] = []

    def touch(self, cell: int) -> None:
        """What was served under this one of the generations may not be as it was any more."""
        self._touched.append((cell, self._board.draw()))

    def touch_all(self) -> None:
        """The same of all of them."""
        self._touched.append((-1, self._board.draw()))

    def publish(self) -> None:
        """It is done: workers see it, and files that nothing tells of go."""
        for cell, number in self._touched:
            self._board.show(cell, number)
        for ident in self._doomed:
            with contextlib.suppress(OSError):
                path_of(self._database.folder, ident).unlink()

    def next_ident(self, kind: bytes) -> bytes:
        """One that was never given."""
        self.meta.position += 1
        return ident_of(kind, self.meta.position)

    def next_idents(self, kind: bytes, count: int) -> list[bytes]:
        """So many of them, the last first."""
        return [self.next_ident(kind) for _ in range(count)][::-1]

    def has_room(self, kind: bytes, need: int, whole: int = 0) -> bool:
        """Whether there are `need` bytes for a record or a file, after some have gone for it.
        whole: how long a body is by now; too long a one is not worth all that goes for it."""
        if whole > self._room.longest:
            self._board.numbers[REFUSED] += 1
            return False
        if self._pages < 0:
            self._look()
        if self._is_scattered:
            for _ in range(RELIEF):
                self._evict(RECORD)
        for _ in range(EVICTIONS):
            whom = self._short_of(kind, need)
            if whom is None:
                return True
            if not self._evict(whom):
                break
        if self._short_of(kind, need) is None:
            return True
        self._board.numbers[REFUSED] += 1
        return False

    def put(self, ident: bytes, value: bytes, primary: bytes, cost: int) -> None:
        """A record that was not there. cost: see `cost_of`."""
        meta, objects = self.meta, self._database.objects
        # The newest record is the last in the order of idents: told so, LMDB fills its pages.
        is_last = ident[:1] == RECORD
        self.txn.put(ident, value, append=is_last, db=objects)
        position = position_of(ident)
        ago = self._ghost.recall(hashed(primary), position)
        is_known = ago is not None and ago <= self.txn.stat(objects)["entries"]
        if is_last:
            meta.live += cost
        else:
            meta.filed += cost
            meta.files += 1
        hands = meta.records if is_last else meta.bodies
        self._sieve.enter(hands, position, cost, is_known=is_known)

    def replace(self, ident: bytes, value: bytes) -> None:
        """Another record for one that is there."""
        old = self.txn.get(ident, db=self._database.objects)
        more = cost_of(ident, value) - (0 if old is None else cost_of(ident, old))
        self.txn.put(ident, value, db=self._database.objects)
        hands = self._hands(ident)
        if position_of(ident) >= hands.border:
            hands.small = max(0, hands.small + more)
        self._count(ident, more, 0)

    def drop(self, ident: bytes) -> bool:
        """Not there any more. Whether it was."""
        value = self.txn.get(ident, db=self._database.objects)
        if value is None:
            return False
        cost = min(cost_of(ident, value), self._room.whole)
        self.txn.delete(ident, db=self._database.objects)
        self._sieve.leave(self._hands(ident), position_of(ident), cost)
        self._count(ident, -cost, -1)
        if ident[:1] == FILE:
            self._doomed.append(ident)
        return True

    def enlist(self, primary: bytes, variant: Variant) -> bool:
        """The newest of its key, in place of the one with the same `vary`. Whether there was
        anything under this key."""
        alone, keys = pack_variants(primary, [variant]), self._database.keys
        if self.txn.put(primary, alone, overwrite=False, db=keys):  # most are the only one
            return False
        others: list[Variant] = []
        known = self.variants(primary)
        for each in known:
            if each.ident == variant.ident:
                continue  # with another Vary from now on, perhaps
            if each.vary == variant.vary or len(others) == VARIANTS - 1:
                self.drop(each.ident)
            else:
                others.append(each)
        self._write_variants(primary, [variant, *others])
        return bool(known)

    def unlist(self, primary: bytes, ident: bytes) -> None:
        """One of its key no longer."""
        variants = self.variants(primary)
        left = [each for each in variants if each.ident != ident]
        if len(left) != len(variants):
            self._write_variants(primary, left)

    def remove(self, ident: bytes) -> bool:
        """Not there any more, nor in the list of its key. Whether it was."""
        value = self.txn.get(ident, db=self._database.objects)
        record = None if value is None else unpack(ident, value)
        if record is not None:
            self.unlist(record.primary, ident)
        return self.drop(ident)

    def expire(self, ident: bytes) -> None:
        """The same, for one that is of no use any more."""
        self._board.numbers[EXPIRED] += self.remove(ident)

    def forget(self, primary: bytes) -> bool:
        """Nothing under this key any more. Whether there was anything."""
        variants = self.variants(primary)
        for each in variants:
            self.drop(each.ident)
        self.txn.delete(primary, db=self._database.keys)
        return bool(variants)

    def variants(self, primary: bytes) -> list[Variant]:
        """What is listed under a key."""
        return list_variants(primary, self.txn.get(primary, db=self._database.keys))

    def reserved(self, key: bytes) -> int:
        """Bytes that a body on its way has taken so far."""
        value = self.txn.get(key, db=self._database.growing)
        growing = None if value is None else read(value)
        return 0 if growing is None else growing.reserved

    def give_up(self, key: bytes) -> None:
        """A body is not on its way any more."""
        self.meta.reserved = max(0, self.meta.reserved - self.reserved(key))
        self.txn.delete(key, db=self._database.growing)

    def _write_variants(self, primary: bytes, variants: list[Variant]) -> None:
        if variants:
            self.txn.put(primary, pack_variants(primary, variants), db=self._database.keys)
        else:
            self.txn.delete(primary, db=self._database.keys)

    def _hands(self, ident: bytes) -> Hands:
        return self.meta.bodies if ident[:1] == FILE else self.meta.records

    def _count(self, ident: bytes, cost: int, one: int) -> None:
        if ident[:1] == FILE:
            self.meta.filed = max(0, self.meta.filed + cost)
            self.meta.files += one
        else:
            self.meta.live = max(0, self.meta.live + cost)

    def _short_of(self, kind: bytes, need: int) -> bytes | None:
        """Of which kind something has to go; None if there is room."""
        meta, room, pages = self.meta, self._room, self._pages
        bodies = meta.filed + meta.reserved
        if kind == FILE:
            return FILE if max(pages, meta.live) + bodies + need > room.whole else None
        live = meta.live + need
        if live > room.records:
            return RECORD
        if max(pages, live) + bodies <= room.whole:
            return None
        if pages > live:
            # Free pages are enough, but together with files it is too much already.
            return FILE if meta.files else None
        is_older = meta.bodies.border < meta.records.border
        return FILE if meta.files and is_older else RECORD

    def _look(self) -> None:
        """How many pages there are, and whether many of them are not full, so that records take
        more than they cost: a few more than come go then."""
        database, stat = self._database, self.txn.stat
        self._pages = database.pages()
        if self._pages <= self._room.records:
            return
        used = sum(stat(db)["leaf_pages"] for db in (database.keys, database.log, database.bans))
        objects = stat(database.objects)
        used += objects["leaf_pages"] + objects["overflow_pages"]
        self._is_scattered = used * PAGE > self._room.records

    def _evict(self, kind: bytes) -> bool:
        hands = self.meta.bodies if kind == FILE else self.meta.records
        used = self.meta.filed if kind == FILE else self.meta.live
        with self.txn.cursor(self._database.objects) as cursor:
            found = self._sieve.victim(_Objects(cursor, kind), hands, used)
        if found is None:
            return False
        position, on_trial = found
        ident = ident_of(kind, position)
        value = self.txn.get(ident, db=self._database.objects)
        record = None if value is None else unpack(ident, value)
        if record is not None:
            if on_trial:
                self._ghost.remember(hashed(record.primary), self.meta.position)
            self.unlist(record.primary, ident)
        self.drop(ident)
        self._board.numbers[EVICTED] += 1
        return True
