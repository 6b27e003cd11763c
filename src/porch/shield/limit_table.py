"""Limit table: what limits have counted, of each key, by each worker, in memory of a fixed size.

Every worker writes a row of its own and reads those of the others; no lock is needed. A row is a
table of slots, found by a hash of the key: a set of WAYS slots is all that is ever looked through,
so that a million keys cost as a thousand. What an ended worker has counted stays, and expires by
the time that stands with it.

The hash is a multiplication by a secret number of 320 bits, of whose product 60 bits from the
middle are taken (multiply-shift, Dietzfelbinger 1997): of any two keys chosen without the secret
one pair in 2 to the 59th has the same, which then count together, and nobody outside can tell which
share a set. The secret stands in the memory, so that a new version of the door finds what the old
one has counted; that of Python's own hash would be another one.
"""

import secrets
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Literal

from porch import clock
from porch.shared import Memory

__all__ = [
    "FORMATS",
    "LAYOUT",
    "LONGEST",
    "MIDDLE",
    "MOST_KEYS",
    "RING",
    "ROOM",
    "SET",
    "TAGS",
    "WAY",
    "WIDTHS",
    "LimitRow",
    "LimitTable",
    "Slots",
]

LAYOUT = 1
"""Of this memory and of what is counted in it. Another number is not understood by this version."""
LONGEST = 32
"""Bytes of a key. Of a longer one the first would not count; limit_keys.py has none."""
MIDDLE = 256
TAGS = (1 << 60) - 1
"""The hash of a key: `int.from_bytes(key) * secret >> MIDDLE & TAGS`, and 1 in place of 0."""
WAY = 4
"""Numbers of 64 bits that a slot has beside its cells: the hash of its key, 0 for an empty one, and
three that belong to who counts there. So it is a half of what a processor loads at once."""
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
_SECRET = slice(64, 128)


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
            start = slot & -SET
            tags = heads[start : start + SET : WAY].tolist()
            if tag in tags:
                return start + tags.index(tag) * WAY
        return -1


class LimitTable:
    """rows: of workers, the first of which is nobody's. keys: that each row has room for, of each
    width; rounded up to a power of two. began: clock.monotonic() from which its times count.
    descriptor: of its memory; given one, the table is what another process has counted there, and
    rows and keys are those that it has.

    Memory that was never written costs nothing: 32 bytes and 64 cells a key and worker are the
    most, see docs/limits.md.
    """

    __slots__ = (
        "_live",
        "_mapped",
        "_memory",
        "_secret",
        "_size",
        "began",
        "descriptor",
        "keys",
        "rows",
    )

    def __init__(self, rows: int = 2, keys: int = ROOM, descriptor: int = -1) -> None:
        """Raises ValueError where another version has laid out what is there."""
        is_new = descriptor < 0
        self._memory = Memory("porch limits", _PAGE, descriptor)
        self.descriptor = self._memory.descriptor
        page = self._memory.view(_PAGE)
        words, times = page.cast("q"), page.cast("d")
        if is_new:
            words[1], words[2] = LAYOUT, rows
            words[3] = _room(keys)
            times[4] = clock.monotonic()
            page[_SECRET] = secrets.token_bytes(64)
        elif words[1] != LAYOUT:
            raise ValueError(f"limits are counted in layout {words[1]}, this version has {LAYOUT}")
        self.rows = words[2]
        self.keys = words[3]
        self.began = times[4]
        self._secret = bytes(page[_SECRET])
        self._live = words[:1]
        size = sum(_size(self.keys, width) for width in WIDTHS)
        self._size = -(-size // _PAGE) * _PAGE
        self._memory.grow(_PAGE + self.rows * self._size)
        self._mapped: dict[int, dict[int, Slots]] = {}

    def __repr__(self) -> str:
        return f"<LimitTable {self.keys} keys, {self._live[0]} rows in use>"

    def has_room(self, keys: int) -> bool:
        """Whether it is what a new one for so many keys would be."""
        return self.keys == _room(keys)

    @property
    def live(self) -> "memoryview[int]":
        """One cell: how many rows are in use, from the first."""
        return self._live

    def secret(self, name: str) -> int:
        """What the keys of a limit are multiplied by: another one for each name, so that no two
        limits meet, and the same in all workers."""
        digest = blake2b(name.encode(), key=self._secret, digest_size=40).digest()
        return int.from_bytes(digest, "big") | 1

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


def _room(keys: int) -> int:
    return max(WAYS, 1 << (keys - 1).bit_length())


def _size(keys: int, width: int) -> int:
    return keys * (WAY * 8 + RING * width)
