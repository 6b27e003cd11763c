"""Arriving: a body as it comes in from the origin, for all who read it meanwhile.

What is stored can be read from its first byte on: a small body from memory, a larger one from the
store's file. What is not stored is there for as long as somebody has not read it yet.
"""

import os

from porch.cache.entry import Entry
from porch.cache.store import SMALL, Growth, Save, Spool, Store

__all__ = ["Arriving"]


class Arriving:
    """See the module, and reader.Body. stores: whether it will be kept, as far as is known.

    entry: to keep it by; None where it is not to be kept. most: bytes of a body that is kept.
    moment: see store.Store.
    """

    __slots__ = (
        "_base",
        "_entry",
        "_growth",
        "_memory",
        "_moment",
        "_most",
        "_primary",
        "_size",
        "_spool",
        "_store",
        "_whole",
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
        self._memory = bytearray()
        self._base = self._size = 0  # of the first byte in memory, and behind the last
        self._spool: Spool | None = None
        self._growth: Growth | None = None
        self._whole = False
        self.stores = entry is not None

    def __repr__(self) -> str:
        where = "stored" if self.stores else "passing"
        return f"<Arriving {self._size} bytes {where}{' whole' if self._whole else ''}>"

    @property
    def held(self) -> int:
        """Bytes in memory."""
        return len(self._memory)

    def add(self, data: bytes) -> None:
        """The next piece."""
        self._size += len(data)
        if self.stores and self._size > self._most:
            self._lose()
        self._memory += data
        if self._spool is None:
            if self.stores and self._is_large():
                self.show()
        elif not self._spool.write(data):
            self._lose()
        self._shed()

    def end(self) -> Save | None:
        """That was all. What is to be saved of it; None where it is stored by now, or not kept."""
        self._whole = True
        entry = self._entry
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
        self.stores = False

    def forget(self, low: int) -> None:
        """Nobody wants what stands before `low` any more, which is not stored."""
        if not self.stores and low > self._base:
            low = min(low, self._size)
            del self._memory[: low - self._base]
            self._base = low

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
            return bytes(self._memory[first : first + size])
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
        self._spool = spool = self._store.spool(self._primary, entry, self._moment)
        if spool is None:
            self.stores = False
            return
        self._growth = next(
            (each for each in self._store.follow(self._primary) if each.ident == spool.ident), None
        )
        if self._growth is None or not spool.write(bytes(self._memory)):
            self._lose()
        self._shed()

    def _is_large(self) -> bool:
        """As far as is known by now."""
        entry = self._entry
        assert entry is not None
        known = sum(end - first for first, end in entry.held) if entry.held else entry.length
        return max(known, self._size) > SMALL

    def _shed(self) -> None:
        """What the file has by now need not be in memory."""
        if self._growth is not None and self._spool is not None:
            there = self._growth.size()
            del self._memory[: there - self._base]
            self._base = there

    def _lose(self) -> None:
        """It will not be kept. What the file has can still be read."""
        if self._spool is not None:
            self._spool.abandon()
            self._spool = None
        self.stores = False
