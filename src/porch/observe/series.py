"""Series: counts that have names, which workers make up as they go, in memory that all see.

Each worker writes a row of its own: a list of names, each with how many cells it has, and the
cells. A name is added behind the others and never taken away while its worker lives, so that a
place in the list is a name for good, and no lock is needed. Whoever wants totals reads all rows and
adds up what has the same name.

What an ended worker has counted moves to row 0, so that no total ever goes back: meanwhile the
version is odd, and who read then reads again. Memory is bounded by the size of a row; of names
that find no room the last of their kind counts them all, see `Series.of`.
"""

import struct
from collections.abc import MutableSequence, Sequence

from porch.shared import Memory

__all__ = ["CELLS", "MOST", "NAMES", "REST", "Series", "SeriesTable", "Totals", "cells_of"]

MOST = 16_384
"""Names in a row."""
NAMES = 1 << 21
"""Bytes of a row that names may take."""
CELLS = 1 << 19
"""Cells of a row: 4 MiB. Of all this only what was written takes memory."""
REST = "other"
"""In place of the parts of a name that found no room."""
LONGEST = 512
"""Bytes of a name."""
_HEAD = 8
"""Cells in front of a row: names so far, bytes of them, cells, the row's generation."""
_COUNT, _BYTES, _USED, _GENERATION = range(4)
_ENTRY = struct.Struct("<HH")
_ROW = _HEAD * 8 + NAMES + CELLS * 8

Name = tuple[str, ...]


class SeriesTable:
    """rows: of workers; row 0 is that of those that have ended. descriptor: of its memory; given
    one, the table is what another process has counted there."""

    __slots__ = ("_memory", "_version", "_views", "descriptor", "rows")

    def __init__(self, rows: int, descriptor: int = -1) -> None:
        size = self.size(rows)
        self._memory = Memory("porch series", size, descriptor)
        self.descriptor = self._memory.descriptor
        self.rows = rows
        memory = self._memory.view()
        self._version = memory[:8].cast("q")
        self._views = [_View(memory[8 + row * _ROW : 8 + (row + 1) * _ROW]) for row in range(rows)]

    @staticmethod
    def size(rows: int) -> int:
        """Bytes of a table."""
        return 8 + rows * _ROW

    def __repr__(self) -> str:
        return f"<SeriesTable {self.rows} rows, {sum(each.count for each in self._views)} names>"

    def row(self, number: int) -> "Series":
        """For the one worker that counts there."""
        return Series(self._views[number])

    def totals(self) -> "Totals":
        """All names, each with its cells added up over all rows. 10,000 names of 2 workers are
        15 ms."""
        for _ in range(100):
            version = self._version[0]
            found = self._totals()
            if version == self._version[0] and not version % 2:
                break
        return found

    def _totals(self) -> "Totals":
        totals = Totals()
        for view in self._views:
            memory = view.bytes
            for name, start, width in view.names():
                totals.add(name, memory[start * 8 : (start + width) * 8])
        return totals

    def clear(self, row: int) -> None:
        """The worker of this row has ended: what it has counted stays counted. Only the supervisor
        may call this."""
        view = self._views[row]
        past = Series(self._views[0])
        self._version[0] += 1
        try:
            for name, start, width in view.names():
                cells = past.of(name, width)
                for place, value in enumerate(view.cells[start : start + width]):
                    if value:
                        cells[place] += value
            view.clear()
        finally:
            self._version[0] += 1


class Totals(dict[Name, int]):
    """By name, its cells beside one another as one number: none is negative, so that no sum of 63
    bits reaches into the next cell. One addition in place of sixty; `cells` takes it apart."""

    __slots__ = ("widths",)

    def __init__(self) -> None:
        self.widths: dict[Name, int] = {}

    def add(self, name: Name, cells: memoryview) -> None:
        """More of the same name. cells: bytes."""
        self[name] = self.get(name, 0) + int.from_bytes(cells, "little")
        self.widths[name] = len(cells)

    def cells(self, name: Name) -> Sequence[int]:
        """One by one."""
        return cells_of(self[name], self.widths[name])


def cells_of(total: int, size: int) -> Sequence[int]:
    """What a number of Totals stands for. size: bytes."""
    return memoryview(total.to_bytes(size, "little")).cast("q")


class Series:
    """A worker's own row."""

    __slots__ = ("_known", "_view")

    def __init__(self, view: "_View") -> None:
        self._view = view
        self._known = {name: (start, place) for place, (name, start, _) in enumerate(view.names())}

    def place(self, name: Name, width: int) -> int:
        """Where the name is in the row's list; its cells are made if there are none."""
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = self._add(name, width)
        return found[1]

    def of(self, name: Name, width: int) -> MutableSequence[int]:
        """The cells of a name, 0 at first. parts: the first says what kind it is.

        Where there is no room for more names, those of the kind's REST: few kinds there are, and
        room for theirs is kept.
        """
        self.place(name, width)
        start = self._known[name][0]
        return self._view.cells[start : start + width]  # type: ignore[return-value]

    def _add(self, name: Name, width: int) -> tuple[int, int]:
        added = self._view.add(name, width, spare=_SPARE)
        if added is not None:
            return added
        rest = (name[0], *(REST for _ in name[1:]))
        known = self._known.get(rest) or self._view.add(rest, width)
        if known is None:
            raise MemoryError("no room for another kind of counts")
        self._known[rest] = known
        return known


_SPARE = 16
"""Names that are kept for the rest of each kind."""


class _View:
    """The memory of a row."""

    __slots__ = ("_generation", "_head", "_names", "_read", "_texts", "bytes", "cells")

    def __init__(self, memory: memoryview) -> None:
        self._head = memory[: _HEAD * 8].cast("q")
        self._texts = memory[_HEAD * 8 : _HEAD * 8 + NAMES]
        self.bytes = memory[_HEAD * 8 + NAMES :]
        self.cells = self.bytes.cast("q")
        self._names: list[tuple[Name, int, int]] = []
        self._read = 0
        self._generation = 0

    @property
    def count(self) -> int:
        return self._head[_COUNT]

    def names(self) -> list[tuple[Name, int, int]]:
        """Each name, where its cells begin, and how many they are."""
        if self._generation != self._head[_GENERATION]:
            self._generation = self._head[_GENERATION]
            self._names = []
            self._read = 0
        count = self._head[_COUNT]
        while len(self._names) < count:
            length, width = _ENTRY.unpack_from(self._texts, self._read)
            self._read += _ENTRY.size
            text = bytes(self._texts[self._read : self._read + length])
            self._read += length
            last = self._names[-1] if self._names else ((), 0, 0)
            name = tuple(text.decode("utf-8", "replace").split("\0"))
            self._names.append((name, last[1] + last[2], width))
        return self._names

    def add(self, name: Name, width: int, spare: int = 0) -> tuple[int, int] | None:
        """Where its cells begin and its place; None where there is no room, `spare` names apart."""
        text = "\0".join(name).encode("utf-8", "replace")[:LONGEST]
        head = self._head
        count, used, start = head[_COUNT], head[_BYTES], head[_USED]
        size = _ENTRY.size + len(text)
        room = spare * 64
        if count + spare >= MOST or used + size + room > NAMES or start + width + room > CELLS:
            return None
        _ENTRY.pack_into(self._texts, used, len(text), width)
        self._texts[used + _ENTRY.size : used + size] = text
        head[_BYTES] = used + size
        head[_USED] = start + width
        head[_COUNT] = count + 1  # behind all else: from now on it is read
        return start, count

    def clear(self) -> None:
        head = self._head
        used = head[_USED]
        head[_COUNT] = 0
        head[_BYTES] = head[_USED] = 0
        head[_GENERATION] += 1
        self.bytes[: used * 8] = bytes(used * 8)
