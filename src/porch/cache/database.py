"""The database of a disk store: an LMDB environment that is replaced when it is found damaged.

Opened in each worker after the fork, since an environment must not cross one. It is not synced: a
write lives in the page cache, which the death of any process leaves whole, and after a crash of
the machine the store is emptied (see `opening`). It is written through its map (see `ground`): to
pages that nobody reads, until the last few bytes of a write make them the present ones. Each
environment is a folder of its own, named by its era; who finds the present one damaged puts it
aside and counts the era up, and all workers see that at their next call.
"""

import contextlib
import errno
import fcntl
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import lmdb
import msgspec

from porch.cache.board import BANNED, CLEARED, ERA, GENERATION, PURGES, WRITES, Board
from porch.cache.eviction import Hands
from porch.cache.gate import PATIENCE, Gate
from porch.cache.ground import FIRST, STEPS, extend, is_firm, lengthened, rounded

__all__ = [
    "HANGS",
    "OPENING",
    "BusyError",
    "Database",
    "DatabaseError",
    "FullError",
    "Meta",
    "Reading",
    "era_folder",
    "whole",
]

READERS = 1022
"""Reads at one time, over all workers."""
OPENING = 1.0
"""Seconds that are waited for others' writes before it is opened."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_HARMLESS = (
    lmdb.BadValsizeError,
    lmdb.DbsFullError,
    lmdb.KeyExistsError,
    lmdb.MapResizedError,
    lmdb.NotFoundError,
    lmdb.ReadersFullError,
    lmdb.TlsFullError,
    lmdb.TxnFullError,
)
"""Of LMDB's own errors (numbers below 0) those that say nothing of damage."""
_META = b"meta"


HANGS = "a worker hangs in the middle of a write; it is killed soon"
"""What is said where others do not get to write."""


class FullError(Exception):
    """There is no room for a write; nothing of it was done."""


class DatabaseError(Exception):
    """The database cannot be read or written at present: a sentence."""


class BusyError(DatabaseError):
    """Others write just now: nothing was done, and it can be tried again."""


class Meta(msgspec.Struct, array_like=True):
    """What all writes keep up to date, in the transaction that they are.

    position: the last that was given. live, filed: bytes of records and of files; reserved: of
    bodies on their way. files: how many. purges: how many there were; banned: the last of them
    that was of more than one key. floor: all that was stored before so many is purged. dropped:
    the last that is no longer looked at; cleared: the last of the others if none is. changes: of
    the list of prefixes. records, bodies: see eviction, of the two kinds.
    """

    position: int = 0
    live: int = 0
    filed: int = 0
    reserved: int = 0
    files: int = 0
    purges: int = 0
    banned: int = 0
    floor: int = 0
    dropped: int = 0
    cleared: int = 0
    changes: int = 0
    records: Hands = msgspec.field(default_factory=Hands)
    bodies: Hands = msgspec.field(default_factory=Hands)


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Meta).decode


def era_folder(folder: Path, era: int) -> Path:
    """Where the database of an era is."""
    return folder / f"era-{era}"


def whole(folder: Path) -> bool:
    """Whether no page of the database in `folder` lies behind the end of its file: reading one
    would be a SIGBUS. What else may be wrong with pages LMDB finds as it reads them."""
    file = folder / "data.mdb"
    if not file.exists():
        return True
    try:
        # Two pages are all that opening looks at; a file of less is refused by it.
        with lmdb.open(str(folder), readonly=True, lock=False, create=False, max_dbs=8) as env:
            last = int(env.info()["last_pgno"])
            return file.stat().st_size >= (last + 1) * int(env.stat()["psize"])
    except (lmdb.Error, OSError):
        return False


class Database:
    """folder: of the store. map_size: bytes that the file may grow to; it does so in steps, and
    all workers go along.

    objects: ident -> record. keys: primary -> variants. growing: bodies on their way. bans, log:
    see bans. All but `close` raise DatabaseError, and writes FullError too.
    """

    __slots__ = (
        "_board",
        "_env",
        "_era",
        "_file",
        "_folder",
        "_gate",
        "_map_size",
        "_mapped",
        "_meta",
        "_of_era",
        "_present_folder",
        "_step",
        "bans",
        "growing",
        "keys",
        "log",
        "objects",
    )

    def __init__(self, folder: Path, map_size: int, board: Board) -> None:
        self._folder = folder
        self._map_size = map_size
        self._board = board
        self._env: lmdb.Environment | None = None
        self._gate: Gate | None = None
        self._era = self._of_era = -1
        self._step = rounded(map_size // STEPS)
        self._file = folder
        self._mapped = 0
        self.objects: Any = None

    def __repr__(self) -> str:
        return f"<Database {self.folder}>"

    @property
    def era(self) -> int:
        """Counts the databases; as of the last transaction."""
        return self._era

    @property
    def folder(self) -> Path:
        """Of the present era: bodies are in it."""
        era = self._board.numbers[ERA]
        if era != self._of_era:
            self._present_folder = era_folder(self._folder, era)
            self._of_era = era
        return self._present_folder

    def reading(self) -> "Reading":
        """What is stored at one moment: a context. Values are views that go with it."""
        return Reading(self)

    def listed(self, primary: bytes) -> bytes | None:
        """What `keys` has for this one: a read of its own, since most lookups are no more."""
        try:
            txn = self.begin()
            try:
                value = txn.get(primary, db=self.keys)
                return None if value is None else bytes(value)
            finally:
                txn.abort()
        except lmdb.Error as error:
            raise self.failed(error) from error

    def begin(self) -> "lmdb.Transaction[memoryview]":
        """A transaction that reads, for Reading. Raises lmdb.Error too."""
        env = self._env
        if env is None or self._board.numbers[ERA] != self._era:
            env = self._present()
        try:
            return env.begin(buffers=True)
        except lmdb.ReadersFullError:
            env.reader_check()
        except lmdb.MapResizedError:
            self._go_along()
        return env.begin(buffers=True)

    def writing(self, patience: float = PATIENCE) -> "Writing":
        """The one write of all workers, as a context: it waits for others', so many seconds. An
        exception undoes it whole."""
        return Writing(self, patience)

    def begin_write(self, patience: float) -> tuple["lmdb.Transaction[memoryview]", Meta, Gate]:
        """For Writing. The gate is to be left when it is done. Raises lmdb.Error too."""
        env, gate = self._present(), self._gate
        assert gate is not None
        for is_last in (False, True):
            if not gate.enter(patience):
                raise BusyError(HANGS)
            try:
                txn = env.begin(write=True, buffers=True)
                try:
                    return txn, self._read_meta(txn), gate
                except BaseException:
                    txn.abort()
                    raise
            except lmdb.MapResizedError:
                gate.leave()
                if is_last:
                    raise
            except BaseException:
                gate.leave()
                raise
            self._go_along()  # not inside of the gate: who opens the database waits for it
        raise AssertionError

    def end_write(self, txn: "lmdb.Transaction[memoryview]", meta: Meta, gate: Gate) -> None:
        """It is done: keep it, leave the gate and make it known. Raises lmdb.Error too."""
        numbers = self._board.numbers
        try:
            self._write_meta(txn, meta)
            number = self._board.draw() if numbers[BANNED] < meta.banned else 0
            txn.commit()
            numbers[WRITES] += 1
        finally:
            txn.abort()  # which does nothing behind a commit
            gate.leave()
        if numbers[ERA] != self._era:
            raise DatabaseError("the database was put aside while it was written to")
        self._publish(meta)
        if number:
            self._board.show(-1, number)

    def grow(self) -> bool:
        """More room for the file, behind a FullError. False where it has all that it may have, or
        the disk has none."""
        env = self._present()
        try:
            with self._alone():
                has = self._file.stat().st_size
                if has <= self._mapped:  # else another worker was first
                    if has >= self._map_size:
                        return False
                    has = lengthened(self._file, self._step, rounded(self._map_size))
                env.set_mapsize(has)
                self._mapped = has
        except (OSError, lmdb.Error):
            return False
        return True

    def _go_along(self) -> None:
        """Another worker has given the database more room."""
        if self._env is not None:
            with self._alone():
                self._mapped = self._file.stat().st_size
                self._env.set_mapsize(self._mapped)

    def meta(self, txn: "lmdb.Transaction[memoryview]") -> Meta:
        """As of this transaction."""
        return self._read_meta(txn)

    def pages(self) -> int:
        """Bytes that the file has grown to, as of the last transaction; another worker may have
        made it longer by a step or two, and not have used that yet."""
        self._present()
        return self._mapped

    def open(self) -> None:
        """Open it now, that of the present era."""
        self._present()

    def tidy(self) -> None:
        """Let go of what readers of dead workers hold."""
        if self._env is not None:
            with contextlib.suppress(lmdb.Error):
                self._env.reader_check()

    def failed(self, error: lmdb.Error) -> Exception:
        """What an error of LMDB means; for damage, a new database is begun."""
        code = getattr(error, "code", 0)
        if isinstance(error, lmdb.MapFullError) or code in _NO_ROOM:
            self.tidy()  # what a dead worker was reading keeps pages from being used again
            return FullError(str(error))
        is_damage = isinstance(error, lmdb.CorruptedError) or code < 0
        if isinstance(error, _HARMLESS) or not is_damage:
            return DatabaseError(str(error))
        try:
            self.condemn()
        except OSError as other:
            return DatabaseError(f"the database is damaged ({error}) and stays so: {other}")
        return DatabaseError(f"the database was damaged ({error}), and an empty one is begun")

    def condemn(self) -> None:
        """What is stored is not to be trusted: put it aside and begin with an empty database, in
        all workers, at their next call. Raises OSError."""
        with self._alone():
            if self._board.numbers[ERA] == self._era:
                old = self.folder
                with contextlib.suppress(OSError):
                    old.rename(self._folder / f"gone-{old.name}-{os.getpid()}")
                self._board.numbers[ERA] += 1
                self._board.show(-1, self._board.draw())

    def close(self) -> None:
        """No longer in use by this process."""
        if self._env is not None:
            self._env.close()
            self._env = None

    def _present(self) -> lmdb.Environment:
        era = self._board.numbers[ERA]
        if self._env is not None and era == self._era:
            return self._env
        self.close()
        self._era = era
        try:
            self._env = self._open(era_folder(self._folder, era))
        except lmdb.Error as error:
            failed = self.failed(error)
            raise DatabaseError(f"the database cannot be opened: {failed}") from error
        except OSError as error:
            raise DatabaseError(f"the database cannot be opened: {error}") from error
        return self._env

    def _open(self, folder: Path) -> lmdb.Environment:
        with self._alone():
            folder.mkdir(mode=0o700, exist_ok=True)
            gate = Gate(folder)
            if not gate.enter(OPENING):  # to open it is a write
                raise OSError(errno.EBUSY, HANGS)
            env = self._map(folder)
            self.objects = env.open_db(b"objects")
            self.keys = env.open_db(b"keys")
            self.growing = env.open_db(b"growing")
            self.bans = env.open_db(b"bans")
            self.log = env.open_db(b"log")
            self._meta = env.open_db(_META)
            with env.begin(write=True, buffers=True) as txn:
                if txn.get(_META, db=self._meta) is None:
                    self._write_meta(txn, self._first_meta())
                meta = self._read_meta(txn)
            gate.leave()
        self._gate = gate
        self._publish(meta)
        return env

    def _map(self, folder: Path) -> lmdb.Environment:
        """All of the file, and no hole is in it. See `_open`."""
        self._file = file = folder / "data.mdb"
        least = min(FIRST, self._map_size)
        size = rounded(max(file.stat().st_size if file.exists() else 0, least))
        env = lmdb.open(
            str(folder),
            map_size=size,
            mode=0o600,
            sync=False,
            metasync=False,
            meminit=False,
            writemap=is_firm(folder),
            max_dbs=8,
            max_readers=READERS,
            max_spare_txns=2,
        )
        try:
            extend(file, size)
        except OSError:
            env.close()
            raise
        self._mapped = size
        return env

    def _first_meta(self) -> Meta:
        """Of a new database. Positions begin anywhere in 2**62, so that no ident is one that any
        other has given, whatever has become of that: a file it has left is of no answer in this.
        Purges begin behind all that there were, one of which its beginning is."""
        numbers = self._board.numbers
        purges = numbers[PURGES] + (numbers[GENERATION] > 0)
        position = int.from_bytes(os.urandom(8)) >> 2
        return Meta(position=position, purges=purges, banned=purges, dropped=purges, cleared=purges)

    def _publish(self, meta: Meta) -> None:
        """For all workers. One that was killed before it came here has left it to the next."""
        numbers = self._board.numbers
        if numbers[PURGES] < meta.purges:
            numbers[PURGES] = meta.purges
        if numbers[BANNED] < meta.banned:
            numbers[BANNED] = meta.banned
        if numbers[CLEARED] < meta.cleared:
            numbers[CLEARED] = meta.cleared

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time replaces or makes a database."""
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _write_meta(self, txn: "lmdb.Transaction[memoryview]", meta: Meta) -> None:
        data = _encode(meta)
        txn.put(_META, zlib.crc32(data).to_bytes(4, "little") + data, db=self._meta)

    def _read_meta(self, txn: "lmdb.Transaction[memoryview]") -> Meta:
        value = txn.get(_META, db=self._meta)
        if value is None:
            raise lmdb.CorruptedError("no meta")
        data = value[4:]
        if zlib.crc32(data).to_bytes(4, "little") != value[:4]:
            raise lmdb.CorruptedError("meta")
        try:
            return _decode(data)
        except msgspec.DecodeError as error:
            raise lmdb.CorruptedError("meta") from error


class Reading:
    """One read. By hand, for contextlib's would cost more than the read (2 us)."""

    __slots__ = ("_database", "_txn")

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> "lmdb.Transaction[memoryview]":
        try:
            self._txn = self._database.begin()
        except lmdb.Error as error:
            raise self._database.failed(error) from error
        return self._txn

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        self._txn.abort()
        if isinstance(error, lmdb.Error):
            raise self._database.failed(error) from error


class Writing:
    """One write, by hand for the same reason."""

    __slots__ = ("_database", "_gate", "_meta", "_patience", "_txn")

    def __init__(self, database: Database, patience: float) -> None:
        self._database = database
        self._patience = patience

    def __enter__(self) -> tuple["lmdb.Transaction[memoryview]", Meta]:
        try:
            begun = self._database.begin_write(self._patience)
        except lmdb.Error as error:
            raise self._database.failed(error) from error
        self._txn, self._meta, self._gate = begun
        return begun[:2]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            try:
                self._database.end_write(self._txn, self._meta, self._gate)
            except lmdb.Error as failed:
                raise self._database.failed(failed) from failed
            return
        self._txn.abort()
        self._gate.leave()
        if isinstance(error, lmdb.Error):
            raise self._database.failed(error) from error
