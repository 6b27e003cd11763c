"""A body on its way into a store in memory: in a file there, so that it can be followed as one on a
disk is."""

import os
from typing import TYPE_CHECKING

from porch.cache.entry import Entry
from porch.cache.spool import Growing
from porch.cache.store import GrowthState
from porch.reader import OPEN

if TYPE_CHECKING:
    from porch.cache.memory_store import MemoryStore

__all__ = ["MemoryGrowth", "MemorySpool"]


class MemorySpool:
    """A store.Spool."""

    __slots__ = (
        "_is_short",
        "_store",
        "descriptor",
        "entry",
        "ident",
        "length",
        "moment",
        "primary",
        "state",
    )

    def __init__(self, store: "MemoryStore", primary: bytes, growing: Growing) -> None:
        self._store = store
        self.moment = growing.moment
        self.primary = primary
        self.entry = growing.entry
        self.ident = growing.ident
        self.length = 0
        self.state: GrowthState = "growing"
        self._is_short = False  # something of it was not written
        self.descriptor = os.memfd_create("porch body")

    def write(self, data: bytes) -> bool:
        """See store.Spool."""
        if self.state != "growing" or self._is_short:
            return False
        if not self._store.take_room(self.length, len(data)):
            self._is_short = True
            return False
        self.length += len(data)
        os.write(self.descriptor, data)
        return True

    def growth(self) -> "MemoryGrowth":
        """See store.Spool."""
        return MemoryGrowth(self)

    def lend(self) -> bool:
        """See store.Spool: no other worker knows of it."""
        return False

    def free(self, low: int) -> int:
        """See store.Spool."""
        return OPEN

    def finish(self, entry: Entry) -> bytes | None:
        """See store.Spool."""
        if self._is_short:
            self.abandon()
        if self.state != "growing":
            return None
        self._end("complete")
        body = os.pread(self.descriptor, self.length, 0)
        return self._store.save(self.primary, entry, body, self.moment)

    def abandon(self) -> None:
        """See store.Spool."""
        if self.state == "growing":
            self._end("failed")

    def _end(self, state: GrowthState) -> None:
        self.state = state
        self._store.end_spool(self)

    def __del__(self) -> None:
        os.close(self.descriptor)


class MemoryGrowth:
    """A store.Growth."""

    __slots__ = ("_spool", "descriptor", "entry", "ident")

    def __init__(self, spool: MemorySpool) -> None:
        self._spool = spool
        self.descriptor = os.dup(spool.descriptor)
        self.entry = spool.entry
        self.ident = spool.ident

    def __del__(self) -> None:
        os.close(self.descriptor)

    def size(self) -> int:
        """See store.Growth."""
        return self._spool.length

    def state(self) -> GrowthState:
        """See store.Growth."""
        return self._spool.state
