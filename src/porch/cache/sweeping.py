"""The sweep: in small steps, what is of no use any more goes.

It walks over all records and removes those that have expired for good or were purged; a softly
purged one is marked as such, so that when the walk has come to its end, the bans that there were
at its beginning are needed no longer. Besides it removes what dead workers and damaged databases
left: files that no record tells of, bodies on their way that nobody writes, databases put aside.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from porch import clock
from porch.cache.bans import GONE, SOFT, VALID, Bans
from porch.cache.board import (
    BANNED,
    CLEARED,
    SWEEP_AT,
    SWEEP_FROM,
    SWEEP_KIND,
    SWEEPS,
    SWEPT,
    Board,
)
from porch.cache.bodies import path_of
from porch.cache.change import Change
from porch.cache.database import Database
from porch.cache.entry import Entry, encoded
from porch.cache.records import FILE, RECORD, Record, ident_of, pack, position_of, unpack
from porch.cache.spool import living, read

__all__ = ["AWAITED", "PAUSE", "RECORDS", "Sweeper", "is_useless"]

RECORDS = 32
"""That one step looks at."""
FILES = 64
"""That one step removes of what was put aside."""
ASIDE = 16
"""Every so many steps it looks at one of the folders of files instead."""
KINDS = (RECORD, FILE)
LOOKED = 128
"""Files that are looked at where a write has found no room: about 1 ms."""
PAUSE = 0.05
"""Seconds between two such looks, at least."""
AWAITED = 10.0
"""Seconds for which what has come is left, however old it came: in other workers all who have
waited for it are to find it, a thousand of them in 0.1 s, or the origin is asked again."""

Write = Callable[[Callable[[Change], None], None], None]


def is_useless(entry: Entry, now: float) -> bool:
    """Whether it can neither be served any more, stale or not, nor be validated; nor is waited
    for."""
    if now < entry.received + AWAITED:
        return False
    if entry.get(b"etag") is not None or entry.get(b"last-modified") is not None:
        return False
    return entry.age_at(now) > entry.lifetime + max(entry.stale_while, entry.stale_error)


class Sweeper:
    """One of all workers sweeps at a time; the others' steps do nothing. write: does something in
    a write of its own."""

    __slots__ = (
        "_bans",
        "_board",
        "_database",
        "_folder",
        "_lock",
        "_relieved",
        "_relieved_at",
        "_shelf",
        "_write",
    )

    def __init__(
        self, folder: Path, database: Database, board: Board, bans: Bans, write: Write
    ) -> None:
        self._folder = folder
        self._database = database
        self._board = board
        self._bans = bans
        self._write = write
        self._lock = os.open(folder / "sweep", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        self._shelf = 0
        self._relieved = 0  # of files, the position until which they were looked at
        self._relieved_at = 0.0

    def close(self) -> None:
        """No longer in use by this process."""
        os.close(self._lock)

    def step(self, now: float) -> None:
        """One. now: by the clock of the store. Raises DatabaseError, OSError."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        try:
            numbers = self._board.numbers
            numbers[SWEEPS] += 1
            if numbers[SWEEPS] % ASIDE:
                self._walk(now)
            else:
                self._tidy()
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def relieve(self, now: float) -> None:
        """A write has found no room: files of what was purged go now, before their records, and
        without a write, for which there may be no room either. See `step`."""
        if clock.now - self._relieved_at < PAUSE:
            return
        self._relieved_at = clock.now
        self._remove_aside()  # for a new database too there may be no room
        numbers = self._board.numbers
        if numbers[BANNED] == numbers[CLEARED]:
            return
        useless = []
        with self._database.reading() as txn, txn.cursor(self._database.objects) as cursor:
            is_there = cursor.set_range(ident_of(FILE, self._relieved))
            for _ in range(LOOKED):
                ident = bytes(cursor.key()) if is_there else b""
                self._relieved = position_of(ident) + 1 if ident[:1] == FILE else 0
                if not self._relieved:
                    break
                if self._judge(txn, ident, cursor.value(), now) == GONE:
                    useless.append(ident)
                is_there = cursor.next()
        for ident in useless:
            path_of(self._database.folder, ident).unlink(missing_ok=True)

    def _walk(self, now: float) -> None:
        """Look at the next records; what is to be done is done in one write."""
        numbers = self._board.numbers
        kind = KINDS[numbers[SWEEP_KIND]]
        useless: list[bytes] = []
        softened: list[bytes] = []
        position = numbers[SWEEP_AT]
        is_end = False
        with self._database.reading() as txn, txn.cursor(self._database.objects) as cursor:
            is_there = cursor.set_range(ident_of(kind, position))
            for _ in range(RECORDS):
                ident = bytes(cursor.key()) if is_there else b""
                if ident[:1] != kind:
                    is_end = True
                    break
                verdict = self._judge(txn, ident, cursor.value(), now)
                if verdict == GONE:
                    useless.append(ident)
                elif verdict == SOFT:
                    softened.append(ident)
                position = position_of(ident) + 1
                is_there = cursor.next()
        if useless or softened:
            self._write(lambda change: self._apply(change, useless, softened, now), None)
        numbers[SWEEP_AT] = position
        if is_end:
            self._turn()

    def _judge(self, txn: object, ident: bytes, value: memoryview, now: float) -> int:
        record = unpack(ident, value)
        if record is None or is_useless(record.entry, now):
            return GONE
        verdict = self._bans.verdict(txn, record.entry, record.moment)  # type: ignore[arg-type]
        return VALID if record.is_purged and verdict == SOFT else verdict

    def _apply(
        self, change: Change, useless: list[bytes], softened: list[bytes], now: float
    ) -> None:
        """They may have changed meanwhile: look once more."""
        for ident in useless:
            value = change.txn.get(ident, db=self._database.objects)
            if value is not None and self._judge(change.txn, ident, value, now) == GONE:
                change.expire(ident)
        for ident in softened:
            value = change.txn.get(ident, db=self._database.objects)
            record = None if value is None else unpack(ident, value)
            if record is None or self._judge(change.txn, ident, value, now) != SOFT:  # type: ignore[arg-type]
                continue
            marks = (record.moment, True)
            soft = Record(record.primary, record.entry, record.size, bytes(record.tail), marks)
            change.replace(ident, pack(ident, soft, encoded(record.entry)))

    def _turn(self) -> None:
        """All of one kind were looked at."""
        numbers = self._board.numbers
        numbers[SWEEP_AT] = 0
        if numbers[SWEEP_KIND] + 1 < len(KINDS):
            numbers[SWEEP_KIND] += 1
            return
        numbers[SWEPT] = numbers[SWEEP_FROM]
        with self._database.reading() as txn:
            meta = self._database.meta(txn)
            is_dropping = txn.stat(self._database.log)["entries"] > 0
        numbers[SWEEP_FROM] = meta.purges
        numbers[SWEEP_KIND] = 0
        if is_dropping:
            self._write(lambda change: self._bans.drop_swept(change.txn, change.meta, 256), None)

    def _tidy(self) -> None:
        """What is no record: each time another part of it."""
        self._database.tidy()
        self._remove_aside()
        self._end_dead()
        self._remove_unknown()

    def _end_dead(self) -> None:
        dead = []
        with self._database.reading() as txn, txn.cursor(self._database.growing) as cursor:
            for name, value in cursor:
                growing = read(bytes(value))
                if growing is None or living(self._database.folder, growing) is None:
                    dead.append(bytes(name))
        for key in dead:
            self._write(partial(Change.give_up, key=key), None)

    def _remove_aside(self) -> None:
        """Some files of databases that were put aside. What others have planted there may be
        links: none is followed to what it would remove."""
        left = FILES
        for folder in self._folder.glob("gone-*"):
            if folder.is_symlink():
                folder.unlink(missing_ok=True)
                continue
            with contextlib.suppress(OSError):
                (folder / "data.mdb").unlink(missing_ok=True)  # most of it, perhaps
            for path in folder.glob("bodies/*/*"):
                if path.parent.is_symlink() or path.parent.parent.is_symlink():
                    continue
                with contextlib.suppress(OSError):
                    path.unlink()
                left -= 1
                if not left:
                    return
            shutil.rmtree(folder, ignore_errors=True)

    def _remove_unknown(self) -> None:
        """Files in one of the folders of bodies that neither a record nor a body on its way tells
        of. Who is between its file and its record holds a lock on the file."""
        shelf = self._database.folder / "bodies" / f"{self._shelf:02x}"
        self._shelf = (self._shelf + 1) % 256
        names = []
        with contextlib.suppress(OSError):
            names = os.listdir(shelf)
        unknown = [name for name in names if not self._is_known(name)]
        for name in unknown:
            with contextlib.suppress(OSError):
                self._remove_unlocked(shelf / name)

    def _is_known(self, name: str) -> bool:
        with contextlib.suppress(ValueError):
            ident = bytes.fromhex(name)
            with self._database.reading() as txn:
                return txn.get(ident, db=self._database.objects) is not None
        return False

    def _remove_unlocked(self, path: Path) -> None:
        """Nobody writes it, and by now nobody has made it known."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not self._is_known(path.name):
                path.unlink()
        finally:
            os.close(descriptor)
