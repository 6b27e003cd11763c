"""Arriving: a body as it comes in from the origin, for all who read it meanwhile.

What is stored can be read from its first byte on: a small body from memory, a larger one from the
store's file. What is not stored is there for as long as somebody has not read it yet: in memory, or
in the file that it was on its way to, where clients of other workers follow it there (`lent`).
"""

import os

from porch.cache.entry import Entry
from porch.cache.store import SMALL, Growth, Save, Spool, Store
from porch.reader import OPEN

__all__ = ["Arriving"]


class Arriving:
    """See the module, and reader.Body. stores: whether it will be kept, as far as is known. lost:
    why it will not, in the words of counts.NOT_KEPT, where it was to be; "" where only the store
    knows. in_file: whether it is, or was, to be a file of the store. is_settled: see Shelf.settled.

    entry: to keep it by; None where it is not to be kept. most: bytes of a body that is kept.
    moment: see store.Store. lent: whether others read on in the file though it will not be kept.
    """

    __slots__ = (
        "_base",
        "_entry",
        "_growth",
        "_lent_at",
        "_low",
        "_memory",
        "_moment",
        "_most",
        "_primary",
        "_size",
        "_spool",
        "_store",
        "_whole",
        "in_file",
        "is_settled",
        "lent",
        "lost",
        "stores",
    )

    def __init__(
        self, store: Store, primary: bytes, entry: Entry | None, moment: int, most: int
    ) -> None:
        self._store = store
        self._primary = primary
        self._entry = entry
        self._moment = moment
        self._most = most
        self._memory: bytes | bytearray = b""
        self._base = self._size = 0  # of the first byte in memory, and behind the last
        self._spool: Spool | None = None
        self._growth: Growth | None = None
        self._whole = self.lent = False
        self._lent_at = self._low = 0  # its size when it was, and the first byte that is wanted yet
        self.in_file = self.is_settled = False
        self.lost = ""
        self.stores = entry is not None

    def __repr__(self) -> str:
        where = "stored" if self.stores else "passing"
        return f"<Arriving {self._size} bytes {where}{' whole' if self._whole else ''}>"

    @property
    def held(self) -> int:
        """Bytes that wait for who reads slowly: in memory, and in a file that is lent those beyond
        what it had grown to when it was still to be kept."""
        if self.lent:
            return max(len(self._memory), self._size - self._low - self._lent_at)
        return len(self._memory)

    @property
    def ident(self) -> bytes:
        """Of the file that others follow; b"" for none."""
        return self._spool.ident if self._spool is not None else b""

    def add(self, data: bytes) -> None:
        """The next piece."""
        self._size += len(data)
        if self.stores and self._size > self._most:
            self._lose("too-large")
        if self._spool is None:
            if self._memory:
                self._join(data)
            else:
                self._memory = data
            if self.stores and self._is_large():
                self.show()
        else:
            self._write(bytes(self._memory) + data if self._memory else data)

    def end(self) -> Save | None:
        """That was all. What is to be saved of it; None where it is stored by now, or not kept."""
        self._whole = True
        entry = self._entry
        if self.lent:
            self._end_lent()
        if not self.stores or entry is None:
            return None
        if not entry.held:
            entry.length = self._size
        if self._spool is None:
            return Save(self._primary, entry, bytes(self._memory), self._moment)
        self.stores = self._spool.finish(entry) is not None
        return None

    def abandon(self) -> None:
        """The rest will not come."""
        if self._spool is not None:
            self._spool.abandon()
        if self.stores:
            self.lost = "cut"
        self.stores = self.lent = False

    def forget(self, low: int) -> bool:
        """Nobody here wants what stands before `low` any more, which is not stored. False where it
        is lent and cannot be any longer, for there is no room for it: it is to be abandoned."""
        if self.lent:
            return self._trail(low)
        if not self.stores and low > self._base:
            low = min(low, self._size)
            self._memory = self._memory[low - self._base :]
            self._base = low
        return True

    def _join(self, data: bytes) -> None:
        """Keep it behind what is in memory already. Most pieces are read before the next comes: one
        alone stays as it is, and goes on so. What is read from an origin at once may be 256 KiB,
        of which each copy would be there at the same time."""
        memory = self._memory
        if not isinstance(memory, bytearray):
            self._memory = memory = bytearray(memory)
        memory += data

    # --- reader.Body -----------------------------------------------------------------------------

    def size(self) -> int:
        """See Body."""
        return self._size

    def is_whole(self) -> bool:
        """See Body."""
        return self._whole

    def file(self, first: int, end: int) -> int:
        """See Body: it still grows."""
        return -1

    def read(self, first: int, size: int) -> bytes | None:
        """See Body."""
        if first >= self._base:
            first -= self._base
            memory = self._memory
            if isinstance(memory, bytes):  # and the whole of it is not copied
                return memory[first : first + size]
            return bytes(memoryview(memory)[first : first + size])
        if self._growth is None:
            return None
        try:
            return os.pread(self._growth.descriptor, min(size, self._base - first), first)
        except OSError:
            return None

    # --- the spool -------------------------------------------------------------------------------

    def show(self) -> None:
        """It goes on in a file, where other workers see it come: it is too large to be kept in
        memory, or takes its time."""
        entry = self._entry
        if entry is None or not self.stores or self._whole or self._spool is not None:
            return
        self.in_file = True
        self._spool = spool = self._store.spool(self._primary, entry, self._moment)
        if spool is not None:
            self._growth = spool.growth()
        if self._growth is None:
            self._lose("no-room")
        else:
            self._write(bytes(self._memory))

    def _is_large(self) -> bool:
        """As far as is known by now."""
        entry = self._entry
        assert entry is not None
        known = sum(end - first for first, end in entry.held) if entry.held else entry.length
        return max(known, self._size) > SMALL

    def _write(self, rest: bytes) -> None:
        """All that is not in the file yet. What it has by then need not be in memory."""
        spool, growth = self._spool, self._growth
        assert spool is not None
        assert growth is not None
        went = spool.write(rest)
        there = growth.size()
        self._memory = rest[there - self._base :]
        self._base = there
        if self.stores and not went:
            self._lose("no-room")

    def _lose(self, why: str) -> None:
        """It will not be kept. What the file has can still be read, and what comes goes there too
        where somebody in another worker reads it."""
        self.stores = False
        self.lost = why
        spool = self._spool
        if spool is not None and spool.lend():
            self.lent = True
            self._lent_at = self._size
        elif spool is not None:
            spool.abandon()
            self._spool = None

    # --- lent ------------------------------------------------------------------------------------

    def _trail(self, low: int) -> bool:
        """See `forget`: room is given back, and what did not go into the file for want of it may
        go now."""
        spool = self._spool
        assert spool is not None
        first = spool.free(low)
        if first == OPEN:  # those in other workers have left, or have all
            spool.abandon()
            self._spool = None
            self.lent = False
            return self.forget(low)
        self._low = min(low, first)
        if self._memory:
            self._write(bytes(self._memory))
            if self._memory and self._low >= self._base:
                return False  # all has been read that is there, and there is no more room
        if self._whole:
            self._end_lent()
        return True

    def _end_lent(self) -> None:
        """That was all, once it is in the file."""
        if not self._memory and self._spool is not None and self._entry is not None:
            self._spool.finish(self._entry)
            self._spool = None
            self.lent = False
