"""Bans: what was purged, by what it is called, so that a purge costs one write and no search.

Purges are numbered; a record knows how many there were when it was written. It is purged if one
that fits it came later. The sweep removes what was purged; a ban that it has gone all the way since
is dropped. Where there are too many at one time the oldest goes too, and with it all that is older:
more is purged than was asked, never less.
"""

import hashlib
import struct
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import msgspec

from porch.cache.board import BANNED, CLEARED, PURGES, SWEPT, Board
from porch.cache.database import Database, Meta
from porch.cache.entry import Entry
from porch.cache.store import Scope, Ways
from porch.cache.ways import unattended

if TYPE_CHECKING:
    import lmdb

__all__ = ["GONE", "PREFIXES", "SOFT", "VALID", "Bans", "Numbers", "decided", "host_of", "names"]

VALID, SOFT, GONE = 0, 1, 2

PREFIXES = 256
"""Prefixes that are looked at for one record; the oldest beyond becomes a purge of its host."""

Numbers = tuple[int, int]
"""The last purge by a name, and the last soft one; 0 for none."""
_NUMBERS = struct.Struct("<QQ")
_DECODER = msgspec.msgpack.Decoder(dict[bytes, bytes])
_KINDS = {"all": b"a", "url": b"u", "prefix": b"p", "host": b"h", "tag": b"t", "key": b"k"}
_KEY = _KINDS["key"]
_LAST_PREFIX = b"P"
_WAYS = b"w"
_ALL = _KINDS["all"]


def host_of(url: bytes) -> bytes:
    """b"a.test" of b"https://A.test:8443/x"; b"" if it has none."""
    authority = url.partition(b"://")[2].partition(b"/")[0].partition(b"?")[0]
    if authority.startswith(b"["):
        return authority.partition(b"]")[0].lower() + b"]"
    return authority.partition(b":")[0].lower()


def names(entry: Entry, primary: bytes = b"") -> list[tuple[Scope | Literal["key"], bytes]]:
    """What a purge of this answer may be called, but for prefixes. primary: of one that is to be
    stored: what is stored under a key is removed when that is forgotten."""
    found: list[tuple[Scope | Literal["key"], bytes]] = [
        ("all", b""),
        ("url", entry.url),
        ("host", host_of(entry.url)),
        *(("tag", tag) for tag in entry.tags),
    ]
    if primary:
        found.append(("key", primary))
    return found


def decided(purged: Iterable[Numbers], moment: int) -> int:
    """VALID, SOFT or GONE, by all purges that fit, of what is as it was at `moment`."""
    hard = soft = 0
    for one, other in purged:
        hard, soft = max(hard, one), max(soft, other)
    return GONE if hard > moment else SOFT if soft > moment else VALID


def _name(kind: bytes, value: bytes) -> bytes:
    return kind + hashlib.blake2b(value, digest_size=16).digest()


class Bans:
    """limit: how many are kept at one time."""

    __slots__ = ("_board", "_database", "_known", "_limit", "_prefixes", "_starts")

    def __init__(self, database: Database, board: Board, limit: int) -> None:
        self._database = database
        self._board = board
        self._limit = limit
        self._known: tuple[int, bytes] = (0, b"")
        self._prefixes: list[tuple[bytes, int, int]] = []
        self._starts: tuple[bytes, ...] = ()

    def add(
        self,
        txn: "lmdb.Transaction[memoryview]",
        meta: Meta,
        scope: Scope,
        value: bytes,
        *,
        soft: bool,
    ) -> None:
        """From now on what is stored under this name was purged."""
        value = value.lower() if scope == "host" else value
        meta.banned = self._put(txn, meta, _name(_KINDS[scope], value), soft, value)
        if scope == "prefix":
            self._note_prefixes(txn, meta)
            self._shorten(txn, meta)

    def add_key(self, txn: "lmdb.Transaction[memoryview]", meta: Meta, primary: bytes) -> None:
        """What was asked for before now is not to be stored under this key."""
        self._put(txn, meta, _name(_KEY, primary), False, b"")

    def verdict(
        self, txn: "lmdb.Transaction[memoryview]", entry: Entry, moment: int, primary: bytes = b""
    ) -> int:
        """VALID, SOFT or GONE: what was purged since `moment`, for this answer. primary: of one
        that is to be stored."""
        numbers = self._board.numbers
        if moment >= numbers[PURGES] or (not primary and not self.may_fit(moment)):
            return VALID
        meta = self._database.meta(txn)
        if moment < meta.floor or (primary and moment < meta.dropped):
            return GONE
        bans = self._database.bans
        values = [
            txn.get(_name(_KINDS[scope], value), db=bans) for scope, value in names(entry, primary)
        ]
        purged: list[Numbers] = [_NUMBERS.unpack_from(each) for each in values if each is not None]
        return decided([*purged, *self._by_prefix(txn, entry.url)], moment)

    def may_fit(self, moment: int) -> bool:
        """Whether any purge since then can be of something that is stored."""
        banned = self._board.numbers[BANNED]
        return moment < banned and banned != self._board.numbers[CLEARED]

    def ways(self, txn: "lmdb.Transaction[memoryview]") -> Ways | None:
        """By which what is stored was kept; None where nobody has said so."""
        value = txn.get(_WAYS, db=self._database.bans)
        return None if value is None else _DECODER.decode(value)

    def attend(
        self, txn: "lmdb.Transaction[memoryview]", meta: Meta, before: Ways | None, ways: Ways
    ) -> bool:
        """See Store.attend. before: in this worker; None at its start. Whether anything was purged
        for it."""
        known = self.ways(txn) if before is None else before
        gone: list[tuple[Scope, bytes]] = []
        if known is not None:
            gone = unattended(known, ways)
        elif txn.stat(self._database.objects)["entries"]:
            gone = [("all", b"")]
        for scope, value in gone:
            self.add(txn, meta, scope, value, soft=False)
        txn.put(_WAYS, msgspec.msgpack.encode(ways), db=self._database.bans)
        return bool(gone)

    def drop_swept(self, txn: "lmdb.Transaction[memoryview]", meta: Meta, steps: int) -> None:
        """Forget some of those that the sweep has gone all the way since."""
        for _ in range(steps):
            if not self._drop_oldest(txn, meta, self._board.numbers[SWEPT]):
                break
        if not txn.stat(self._database.log)["entries"]:
            meta.cleared = meta.banned

    def _put(
        self,
        txn: "lmdb.Transaction[memoryview]",
        meta: Meta,
        name: bytes,
        soft: bool,
        value: bytes,
    ) -> int:
        meta.purges = number = meta.purges + 1
        known = txn.get(name, db=self._database.bans)
        last, last_soft = (0, 0) if known is None else _NUMBERS.unpack_from(known)
        if known is not None:
            txn.delete(_ordered(max(last, last_soft)), db=self._database.log)
        numbers = (last, number) if soft else (number, last_soft)
        txn.put(name, _NUMBERS.pack(*numbers) + value, db=self._database.bans)
        txn.put(_ordered(number), name, db=self._database.log)
        if known is None and txn.stat(self._database.log)["entries"] > self._limit:
            self._drop_oldest(txn, meta)
        return number

    def _drop_oldest(
        self, txn: "lmdb.Transaction[memoryview]", meta: Meta, last: int | None = None
    ) -> bool:
        """last: only if its number is that or less. Whether one was dropped."""
        with txn.cursor(self._database.log) as cursor:
            if not cursor.first():
                return False
            number = int.from_bytes(cursor.key(), "big")
            if last is not None and number > last:
                return False
            name = bytes(cursor.value())
            cursor.delete()
        txn.delete(name, db=self._database.bans)
        meta.dropped = max(meta.dropped, number)
        if number > self._board.numbers[SWEPT] and name[:1] != _KEY:
            meta.floor = number
        if name[:1] == b"p":
            self._note_prefixes(txn, meta)
        return True

    def _note_prefixes(self, txn: "lmdb.Transaction[memoryview]", meta: Meta) -> None:
        """The list of prefixes is another one: workers read it anew."""
        meta.changes += 1
        txn.put(_LAST_PREFIX, _ordered(meta.changes), db=self._database.bans)

    def _by_prefix(self, txn: "lmdb.Transaction[memoryview]", url: bytes) -> list[Numbers]:
        last = bytes(txn.get(_LAST_PREFIX, db=self._database.bans) or b"")
        known = (self._database.era, last)
        if known != self._known:
            self._prefixes = self._read_prefixes(txn)
            self._starts = tuple(prefix for prefix, _, _ in self._prefixes)
            self._known = known
        if not url.startswith(self._starts):
            return []
        return [(hard, soft) for start, hard, soft in self._prefixes if url.startswith(start)]

    def _read_prefixes(self, txn: "lmdb.Transaction[memoryview]") -> list[tuple[bytes, int, int]]:
        found = []
        with txn.cursor(self._database.bans) as cursor:
            is_there = cursor.set_range(b"p")
            while is_there and bytes(cursor.key()[:1]) == b"p":
                value = cursor.value()
                hard, soft = _NUMBERS.unpack_from(value)
                found.append((bytes(value[_NUMBERS.size :]), hard, soft))
                is_there = cursor.next()
        return found

    def _shorten(self, txn: "lmdb.Transaction[memoryview]", meta: Meta) -> None:
        """The oldest prefix beyond PREFIXES becomes a purge of its host, or of all if it has no
        whole one."""
        prefixes = self._read_prefixes(txn)
        if len(prefixes) <= PREFIXES:
            return
        prefix, hard, soft = min(prefixes, key=lambda each: max(each[1:]))
        name = _name(b"p", prefix)
        txn.delete(name, db=self._database.bans)
        txn.delete(_ordered(max(hard, soft)), db=self._database.log)
        host = host_of(prefix) if b"/" in prefix.partition(b"://")[2] else b""
        self._put(txn, meta, _name(b"h", host) if host else _name(_ALL, b""), not hard, host)
        meta.banned = meta.purges
        self._note_prefixes(txn, meta)


def _ordered(number: int) -> bytes:
    return number.to_bytes(8, "big")
