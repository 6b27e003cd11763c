"""Limit table: what limits have counted, of each key, by each worker, in memory of a fixed size.

Every worker writes a row of its own and reads those of the others; no lock is needed. A row is a
table of slots, found by a hash of the key: a set of WAYS slots is all that is ever looked through,
so that a million keys cost as a thousand. What an ended worker has counted stays, and expires by
the time that stands with it.

The hash is SipHash with a secret of this door's processes (PYTHONHASHSEED unset, as it is): nobody
outside can tell which keys share a set. Two keys with one hash of 64 bits count together.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from porch import clock
from porch.shared import Memory

__all__ = [
    "FORMATS",
    "MOST_KEYS",
    "RING",
    "ROOM",
    "SET",
    "WAY",
    "WIDTHS",
    "LimitRow",
    "LimitTable",
    "Slots",
]

WAY = 3
"""Numbers of 64 bits that a slot has beside its cells: the hash of its key, 0 for an empty one, and
two that belong to who counts there."""
WAYS = 8
SET = WAYS * WAY
RING = 64
"""Cells of a slot."""
WIDTHS = (0, 1, 2, 4)
"""Bytes of a cell; 0 for slots without cells."""
FORMATS: Mapping[int, Literal["B", "H", "I"]] = {1: "B", 2: "H", 4: "I"}
"""Of a cell of so many bytes."""
ROOM = 131_072
"""Keys that are told apart if nothing else is said."""
MOST_KEYS = 8_388_608
_PAGE = 4096


class Slots:
    """Those of one width in one row. heads: WAY numbers of each. cells: RING of each; memory: the
    same as bytes."""

    __slots__ = ("cells", "heads", "memory")

    def __init__(self, memory: memoryview, keys: int, width: int) -> None:
        size = keys * WAY * 8
        self.heads = memory[:size].cast("q")
        self.memory = memory[size:]
        self.cells = self.memory.cast(FORMATS[width]) if width else self.memory

    def find(self, slot: int, tag: int) -> int:
        """Where the head of this key begins, -1 for nowhere. slot: where it would be first of all.

        The others of its set are looked at only where that one is taken: nobody is put elsewhere
        while it is empty, and none is ever emptied.
        """
        heads = self.heads
        found = heads[slot]
        if found == tag:
            return slot
        if found:
            start = slot - slot % SET
            tags = heads[start : start + SET : WAY].tolist()
            if tag in tags:
                return start + tags.index(tag) * WAY
        return -1

    def set_of(self, slot: int) -> list[int]:
        """Where the heads of its set begin; itself first."""
        start = slot - slot % SET
        return [slot, *(at for at in range(start, start + SET, WAY) if at != slot)]


class LimitTable:
    """rows: of workers, the first of which is nobody's. keys: that each row has room for, of each
    width; rounded up to a power of two. began: clock.monotonic() from which its times count.

    Memory that was never written costs nothing: 24 bytes and 64 cells a key and worker are the
    most, see docs/limits.md.
    """

    __slots__ = ("_live", "_mapped", "_memory", "_size", "began", "keys")

    def __init__(self, rows: int, keys: int = ROOM) -> None:
        self.keys = max(WAYS, 1 << (keys - 1).bit_length())
        size = sum(_size(self.keys, width) for width in WIDTHS)
        self._size = -(-size // _PAGE) * _PAGE
        self._memory = Memory("porch limits", _PAGE + rows * self._size)
        self._live = self._memory.view(_PAGE).cast("q")
        self._mapped: dict[int, dict[int, Slots]] = {}
        self.began = clock.monotonic()

    def __repr__(self) -> str:
        return f"<LimitTable {self.keys} keys, {self._live[0]} rows in use>"

    @property
    def live(self) -> "memoryview[int]":
        """One cell: how many rows are in use, from the first."""
        return self._live

    def row(self, number: int) -> "LimitRow":
        """For the worker that counts there. All others look at it from now on."""
        self._live[0] = max(self._live[0], number + 1)
        return LimitRow(self, number)

    def slots(self, row: int, width: int) -> Slots:
        """Those of a row. It is mapped when it is first looked at."""
        found = self._mapped.get(row)
        if found is None:
            found = self._mapped[row] = dict(self._map(row))
        return found[width]

    def _map(self, row: int) -> Iterator[tuple[int, Slots]]:
        at = _PAGE + row * self._size
        memory = self._memory.view(self._size, at)
        start = 0
        for width in WIDTHS:
            end = start + _size(self.keys, width)
            yield width, Slots(memory[start:end], self.keys, width)
            start = end


class LimitRow:
    """What one worker counts in, and those of all others. own: its number."""

    __slots__ = ("own", "table")

    def __init__(self, table: LimitTable, own: int) -> None:
        self.table = table
        self.own = own

    def others(self, width: int) -> list[Slots]:
        """Of each other worker that there is by now."""
        rows = range(self.table.live[0])
        return [self.table.slots(row, width) for row in rows if row not in (0, self.own)]


def _size(keys: int, width: int) -> int:
    return keys * (WAY * 8 + RING * width)
