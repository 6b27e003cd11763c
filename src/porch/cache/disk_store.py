"""The store on disk, shared by all workers. `opening.open_store` makes it, in each worker."""

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import lmdb

from porch import clock
from porch.cache.bans import GONE, SOFT, VALID, Bans
from porch.cache.board import (
    DAMAGED,
    EVICTED,
    EXPIRED,
    GENERATIONS,
    PURGES,
    REFUSED,
    SAID,
    WAYS,
    WRITES,
    Board,
)
from porch.cache.bodies import BLOCK, BodyFile, Checked, Writer, path_of
from porch.cache.change import Change, Room
from porch.cache.database import HANGS, BusyError, Database, DatabaseError, FullError
from porch.cache.entry import Entry, encoded
from porch.cache.eviction import Ghost, Sieve
from porch.cache.gate import PATIENCE
from porch.cache.records import (
    FILE,
    RECORD,
    Record,
    cost_of,
    list_variants,
    pack,
    position_of,
    unpack,
)
from porch.cache.spool import DiskSpool, Growing, growing_key, growing_prefix, listed, living, read
from porch.cache.store import SMALL, Growth, Save, Scope, Spool, Stat, Stored, Variant, Ways
from porch.cache.sweeping import Sweeper
from porch.cache.tops import tops
from porch.cache.ways import Attended

__all__ = ["DiskStore"]

Result = TypeVar("Result")

BANS = 100_000
"""Purges by names that are kept; less in a small store: a ban takes about 200 bytes."""
FIRST_LOOK = 4 * BLOCK
"""Bytes of a file that are looked at before it is served at all: damage in them is a miss, damage
behind them cuts the answer."""
IDENTS = 16
"""Of files, that a worker takes at a time."""
URGENT = 1.0
"""Seconds that a purge waits for other writes. What then cannot be noted purges everything."""
QUIET = 3600.0
"""Seconds between two messages about trouble with the disk, over all workers."""


class DiskStore:
    """A store.Store. offset: seconds from clock.uptime() to the clock of the store. say: tells the
    operator a sentence."""

    def __init__(
        self, folder: Path, max_size: int, board: Board, offset: float, say: Callable[[str], None]
    ) -> None:
        self.generations = board.generations
        self.writes = board.numbers[WRITES : WRITES + 1]
        self._folder = folder
        self._board = board
        self._numbers = board.numbers
        self._offset = offset
        self._say = say
        self._room = Room(max_size)
        self._database = Database(folder, self._room.database, board)
        self._bans = Bans(self._database, board, min(BANS, max_size // 2048))
        self._sieve, self._ghost = Sieve(board.marks), Ghost(board.ghosts)
        self._checked = Checked()
        self._idents: list[bytes] = []
        self._ways: Ways | None = None
        self._attended = Attended(board.numbers[WAYS : WAYS + 2])
        self._sweeper = Sweeper(folder, self._database, board, self._bans, self._write)
        try:
            self._database.open()
        except DatabaseError as error:
            self._trouble(str(error))

    def __repr__(self) -> str:
        return f"<DiskStore {self._folder}>"

    @property
    def folder(self) -> Path:
        """Of the database that is in use now: what is in it goes with it."""
        return self._database.folder

    def cell(self, primary: bytes) -> int:
        """See Store."""
        return int.from_bytes(primary[-2:], "little") % GENERATIONS

    def now(self) -> float:
        """See Store."""
        return clock.uptime() + self._offset

    def moment(self) -> int:
        """See Store."""
        return self._numbers[PURGES]

    def variants(self, primary: bytes) -> list[Variant]:
        """See Store."""
        try:
            value = self._database.listed(primary)
        except DatabaseError as error:
            self._trouble(str(error))
            return []
        return [] if value is None else list_variants(primary, value)

    def load(self, ident: bytes) -> Stored | None:
        """See Store."""
        database = self._database
        try:
            # Not `with database.reading()`, which is 0.3 us of 3.8.
            txn = database.begin()
            try:
                value = txn.get(ident, db=database.objects)
                if value is None:
                    return None
                record = unpack(ident, value)
                if record is not None:
                    is_purged = record.is_purged
                    if self._bans.may_fit(record.moment):
                        verdict = self._bans.verdict(txn, record.entry, record.moment)
                        if verdict == GONE:
                            return None
                        is_purged = is_purged or verdict == SOFT
                    tail = bytes(record.tail)
            finally:
                txn.abort()
        except lmdb.Error as error:
            self._trouble(str(database.failed(error)))
            return None
        except DatabaseError as error:
            self._trouble(str(error))
            return None
        if record is not None:
            body = tail if ident[:1] == RECORD else self._body(ident, record.size, tail)
            if body is not None:
                return Stored(ident, record.entry, body, is_purged)
        self._lose(ident)
        return None

    def seen(self, ident: bytes) -> None:
        """See Store."""
        self._sieve.seen(position_of(ident))

    def save(self, primary: bytes, entry: Entry, body: bytes, moment: int) -> bytes | None:
        """See Store."""
        if len(body) > SMALL:
            spool = self.spool(primary, entry, moment)
            return spool.finish(entry) if spool is not None and spool.write(body) else None
        return self._write(lambda change: self._put(change, primary, entry, body, moment), None)

    def save_all(self, saves: Sequence[Save]) -> list[bytes | None] | None:
        """See Store."""

        def save_all(change: Change) -> list[bytes | None]:
            return [
                self._freshen(change, each) if each.ident else self._put(change, *each[:4])
                for each in saves
            ]

        try:
            return self._change(save_all, 0.0)
        except BusyError:
            return None
        except (DatabaseError, FullError, OSError) as error:
            self._trouble(str(error))
        # One that fails undoes all: those that can be written alone are not to suffer for it.
        return [self._save_one(each) for each in saves] if len(saves) > 1 else [None] * len(saves)

    def _save_one(self, save: Save) -> bytes | None:
        if save.ident:
            return self._write(lambda change: self._freshen(change, save), None)
        return self.save(*save[:4])

    def on_hanging(self) -> None:
        """See Store."""
        self._trouble(HANGS)

    def spool(self, primary: bytes, entry: Entry, moment: int) -> Spool | None:
        """See Store."""
        if not self._idents:
            # A file has its name before a write tells of it; so a few are taken at a time.
            none: list[bytes] = []
            self._idents = self._write(lambda change: change.next_idents(FILE, IDENTS), none)
            if not self._idents:
                return None
        ident = self._idents.pop()
        growing = Growing(ident, entry, moment, 0)
        try:
            writer = Writer(path_of(self._database.folder, ident))
        except OSError as error:
            self.on_trouble(error)
            return None
        spool = DiskSpool(self, primary, growing, writer)
        # Listed when its file is there and locked: who finds it listed sees whether it lives.
        if self.take_room(primary, growing):
            return spool
        spool.abandon()
        return None

    def follow(self, primary: bytes) -> list[Growth]:
        """See Store."""
        start = growing_prefix(primary)
        listed = []
        try:
            with self._database.reading() as txn, txn.cursor(self._database.growing) as cursor:
                is_there = cursor.set_range(start)
                while is_there and cursor.key()[: len(start)] == start:
                    each = read(cursor.value())
                    if each is None or not self._is_behind(txn, each, primary):
                        listed.append(each)
                    is_there = cursor.next()
        except DatabaseError as error:
            self._trouble(str(error))
        found: list[Growth] = []
        for each in listed:
            growth = None if each is None else living(self._database.folder, each)
            if growth is not None:
                found.append(growth)
            elif each is not None:
                self.give_up(primary, each)
        return found

    def _is_behind(
        self, txn: "lmdb.Transaction[memoryview]", growing: Growing, primary: bytes
    ) -> bool:
        """Whether it was asked for before a purge that it is of."""
        verdict = self._bans.verdict(txn, growing.entry, growing.moment, primary)
        return verdict != VALID

    def freshen(self, primary: bytes, ident: bytes, entry: Entry, moment: int) -> bool:
        """See Store."""
        return self._save_one(Save(primary, entry, b"", moment, ident)) is not None

    def _freshen(self, change: Change, save: Save) -> bytes | None:
        """See Store.freshen. Its ident; None where it is not there any more."""
        primary, entry, _, moment, ident = save
        value = change.txn.get(ident, db=self._database.objects)
        record = None if value is None else unpack(ident, value)
        if record is None or record.primary != primary:
            return None
        change.touch(self.cell(primary))
        verdict = self._bans.verdict(change.txn, entry, moment, primary)
        before = self._bans.verdict(change.txn, record.entry, record.moment)
        if GONE in (verdict, before):
            change.remove(ident)
            return None
        marks = (change.meta.purges, verdict == SOFT)
        fresh = Record(primary, entry, record.size, bytes(record.tail), marks)
        change.replace(ident, pack(ident, fresh, encoded(entry)))
        change.enlist(primary, Variant(ident, entry.vary, entry.received))
        return ident

    def remove(self, primary: bytes, ident: bytes) -> bool:
        """See Store."""

        def remove(change: Change) -> bool:
            change.unlist(primary, ident)
            change.touch(self.cell(primary))
            return change.drop(ident)

        return self._write(remove, False)

    def forget(self, primary: bytes, *made: bytes) -> bool:
        """See Store."""

        def forget(change: Change) -> bool | None:
            self._bans.add_key(change.txn, change.meta, primary)
            for each in (primary, *made):
                change.touch(self.cell(each))
            return any([change.forget(each) for each in (primary, *made)])

        done = self._write(forget, None, URGENT)
        if done is None:
            self._give_all_up()
        return bool(done)

    def purge(self, scope: Scope, value: bytes = b"", *, soft: bool = False) -> None:
        """See Store."""

        def purge(change: Change) -> bool:
            self._bans.add(change.txn, change.meta, scope, value, soft=soft)
            return True

        if not self._write(purge, False, URGENT):
            self._give_all_up()

    def attend(self, ways: Ways) -> None:
        """See Store."""
        before, self._ways = self._ways, ways
        if before == ways:
            return
        is_known = False
        if before is None:
            with contextlib.suppress(DatabaseError), self._database.reading() as txn:
                is_known = self._bans.ways(txn) == ways
        parts: bool | None = False
        if not is_known:
            attend = partial(self._bans.attend, before=before, ways=ways)
            parts = self._write(lambda change: attend(change.txn, change.meta), None, URGENT)
            if parts is None:
                self._give_all_up()
        self._attended.take(ways, parts=parts is not False)

    def is_attended(self) -> bool:
        """See Store."""
        return self._attended.is_alone()

    def sweep(self) -> None:
        """See Store."""
        try:
            self._sweeper.step(self.now())
        except (DatabaseError, OSError) as error:
            self._trouble(str(error))

    def stat(self) -> Stat:
        """See Store."""
        numbers, database = self._numbers, self._database
        try:
            with database.reading() as txn:
                meta = database.meta(txn)
                counts = [
                    txn.stat(each)["entries"]
                    for each in (database.objects, database.growing, database.log)
                ]
            size = database.pages() + meta.filed + meta.reserved
        except DatabaseError:
            return Stat(max_size=self._room.whole)
        return Stat(
            size=size,
            max_size=self._room.whole,
            objects=counts[0],
            files=meta.files,
            growing=counts[1],
            purges=counts[2],
            evicted=numbers[EVICTED],
            expired=numbers[EXPIRED],
            damaged=numbers[DAMAGED],
            refused=numbers[REFUSED],
        )

    def top(self, count: int) -> list[tuple[bytes, int]]:
        """See Store."""
        try:
            with self._database.reading() as txn:
                newest = self._database.meta(txn).position
                return tops(txn, self._database, self._board, (newest, count))
        except DatabaseError:
            return []

    def close(self) -> None:
        """See Store."""
        self._database.close()
        self._sweeper.close()

    def take_room(self, primary: bytes, growing: Growing) -> bool:
        """See spool.Keeper."""

        def take(change: Change) -> bool:
            key = growing_key(primary, growing.ident)
            more = growing.reserved - change.reserved(key)
            if not change.has_room(FILE, more, growing.reserved):
                return False
            change.meta.reserved += more
            change.txn.put(key, listed(growing), db=self._database.growing)
            return True

        return self._write(take, False)

    def keep(self, primary: bytes, growing: Growing, writer: Writer) -> bytes | None:
        """See spool.Keeper."""

        def keep(change: Change) -> bytes | None:
            change.give_up(growing_key(primary, growing.ident))
            entry, moment = growing.entry, growing.moment
            if writer.size <= SMALL:
                return self._put(change, primary, entry, writer.content(), moment)
            if not writer.is_in(self._database.folder):
                return None  # a new database was begun meanwhile
            file = growing.ident, writer.size
            return self._put(change, primary, entry, writer.sums(), moment, file)

        return self._write(keep, None)

    def give_up(self, primary: bytes, growing: Growing) -> None:
        """See spool.Keeper."""
        key = growing_key(primary, growing.ident)
        self._write(lambda change: change.give_up(key), None)

    def on_trouble(self, error: OSError) -> None:
        """See spool.Keeper."""
        self._numbers[REFUSED] += 1
        self._trouble(str(error))

    def _put(
        self,
        change: Change,
        primary: bytes,
        entry: Entry,
        tail: bytes,
        moment: int,
        file: tuple[bytes, int] | None = None,
    ) -> bytes | None:
        """Make it part of the store, if nothing was purged meanwhile and there is room. tail: the
        body, or the sums of a file. file: the ident that this has, and its bytes."""
        verdict = VALID
        if moment < self._numbers[PURGES]:
            verdict = self._bans.verdict(change.txn, entry, moment, primary)
            if verdict == GONE:
                return None
        ident, size = (change.next_ident(RECORD), len(tail)) if file is None else file
        record = Record(primary, entry, size, tail, (change.meta.purges, verdict == SOFT))
        value = pack(ident, record, encoded(entry))
        cost = cost_of(ident, value)
        if not change.has_room(ident[:1], cost):
            return None
        change.put(ident, value, primary, cost)
        if change.enlist(primary, Variant(ident, entry.vary, entry.received)):
            change.touch(self.cell(primary))
        return ident

    def _body(self, ident: bytes, size: int, sums: bytes) -> BodyFile | None:
        path = path_of(self._database.folder, ident)
        with contextlib.suppress(OSError, ValueError):
            body = BodyFile(path, ident, size, sums, self._checked, partial(self._lose, ident))
            if body.is_sound(0, min(size, FIRST_LOOK)):
                return body
        return None

    def _lose(self, ident: bytes) -> None:
        """It was found damaged."""

        def lose(change: Change) -> bool:
            change.touch_all()
            return change.remove(ident)

        self._numbers[DAMAGED] += self._write(lose, False)

    def _write(
        self, work: Callable[[Change], Result], failed: Result, patience: float = PATIENCE
    ) -> Result:
        """Do it in one write of its own. `failed` where that cannot be, or not in time: nothing is
        changed then, and the operator is told."""
        try:
            return self._change(work, patience)
        except (DatabaseError, FullError, OSError) as error:
            self._trouble(str(error))
            return failed

    def _change(self, work: Callable[[Change], Result], patience: float) -> Result:
        """Do it in one write of its own. Raises DatabaseError, FullError, OSError: nothing is
        changed then."""
        while True:
            try:
                with self._database.writing(patience) as begun:
                    order = self._sieve, self._ghost
                    change = Change(self._database, self._board, self._room, begun, order)
                    done = work(change)
            except FullError:
                if not self._database.grow():
                    raise
                continue
            change.publish()
            return done

    def _give_all_up(self) -> None:
        """A purge could not be noted: everything is purged."""
        try:
            self._database.condemn()
        except OSError as error:
            self._trouble(str(error))
        self._relieve()

    def _relieve(self) -> None:
        with contextlib.suppress(DatabaseError, OSError):
            self._sweeper.relieve(self.now())

    def _trouble(self, what: str) -> None:
        now = int(self.now())
        if self._numbers[SAID] == 0 or now - self._numbers[SAID] > QUIET:
            self._numbers[SAID] = now
            self._say(
                f"the cache in {self._folder} does not store as it should: {what}; requests are"
                " served from their origins; look at that disk, its free space and its limits"
            )
        self._relieve()  # it is want of room, most likely
