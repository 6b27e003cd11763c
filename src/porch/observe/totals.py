"""Totals: what all rows of a series table (series.py) add up to, name by name.

The cells of all names stand beside one another and are one number: none is negative, so that no sum
of 63 bits reaches into the next cell. So a row is added by one addition, and what was counted since
is one subtraction, whatever stands in them: 10,000 names are 6 ms a row, of which one by one the
cells alone are 30.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from porch.observe.series_row import Entry, Gone, Name

__all__ = ["Layout", "Picking", "Totals"]

_CELL = 8
"""Bytes of a cell."""


class Layout:
    """Where the cells of names are; the same object until there are others.

    names: in order. starts: the first cell of each, and behind these how many there are. time: how
    often names were given back (see SeriesTable). gone: those that were, the last time.
    """

    __slots__ = ("_places", "gone", "names", "starts", "time")

    def __init__(self, widths: Mapping[Name, int], time: int = 0, gone: Gone | None = None) -> None:
        self.names = sorted(widths)
        self.starts = [0, *accumulate(map(widths.__getitem__, self.names))]
        self.time = time
        self.gone: Gone = gone or {}
        self._places: dict[Name, int] = {}

    def __repr__(self) -> str:
        return f"<Layout {len(self.names)} names>"

    @property
    def size(self) -> int:
        """Bytes of all cells."""
        return self.starts[-1] * _CELL

    @property
    def places(self) -> dict[Name, int]:
        """Of each name, among `names`."""
        if not self._places:
            self._places = {name: place for place, name in enumerate(self.names)}
        return self._places

    def range(self, kind: str) -> tuple[int, int]:
        """From where to where the names are whose first part this is."""
        return bisect_left(self.names, (kind,)), bisect_left(self.names, (f"{kind}\0",))


class Picking:
    """How the cells of a row become those of a layout.

    entries: of the row. gone: what is in it no more, though it stands there.
    """

    __slots__ = ("_end", "_folded", "_gap", "_size", "_slices")

    def __init__(self, layout: Layout, entries: Sequence[Entry], gone: Gone) -> None:
        found = {name: (start, width) for name, start, width, _ in entries}
        self._folded: list[tuple[slice, slice]] = []
        for name in gone:
            if name in found:
                start, width = found.pop(name)
                self._fold(layout, gone[name], start, width)
        self._size = layout.size
        self._end = max([start + width for _, start, width, _ in entries[-1:]], default=0) * _CELL
        self._gap = 0
        self._slices: list[slice] = []
        self._pick(layout, found)

    def _fold(self, layout: Layout, into: Name | None, start: int, width: int) -> None:
        if into is None:
            return
        place = layout.places[into]
        first, end = layout.starts[place : place + 2]
        width = min(width, end - first)
        self._folded.append((_bytes(first, first + width), _bytes(start, start + width)))

    def _pick(self, layout: Layout, found: Mapping[Name, tuple[int, int]]) -> None:
        """What stands in one piece is taken in one. What the row has not got are zeros, which
        `number` puts behind its end."""
        slices, starts = self._slices, layout.starts
        first = end = missing = 0
        for place, name in enumerate(layout.names):
            width = starts[place + 1] - starts[place]
            if name not in found:
                missing += width
                continue
            start, has = found[name]
            if start != end or missing:
                self._add(first, end, missing)
                first, missing = start, 0
            end = start + has
            missing += width - has
        self._add(first, end, missing)
        self._slices = [each for each in slices if each.start != each.stop]

    def _add(self, first: int, end: int, missing: int) -> None:
        self._slices.append(_bytes(first, end))
        self._slices.append(slice(self._end, self._end + missing * _CELL))
        self._gap = max(self._gap, missing * _CELL)

    def number(self, memory: memoryview) -> int:
        """What is counted in the row now. memory: its cells."""
        cells = b"".join((memory[: self._end], bytes(self._gap)))
        number = int.from_bytes(b"".join(map(cells.__getitem__, self._slices)), "little")
        return number + self._rest(cells) if self._folded else number

    def _rest(self, cells: bytes) -> int:
        """What goes to the cells of other names: several may go to one."""
        rest = bytearray(self._size)
        for into, part in self._folded:
            both = _number(rest[into]) + _number(cells[part])
            rest[into] = both.to_bytes(part.stop - part.start, "little")
        return _number(rest)


class Totals(Mapping[Name, int]):
    """By name its cells as one number; `cells` takes it apart. number: all of them."""

    __slots__ = ("_data", "layout", "number")

    def __init__(self, layout: Layout, number: int) -> None:
        self.layout = layout
        self.number = number
        self._data = b""

    def __repr__(self) -> str:
        return f"<Totals {len(self)} names>"

    @property
    def data(self) -> bytes:
        """All cells, as the layout has them."""
        if not self._data:
            self._data = self.number.to_bytes(self.layout.size, "little")
        return self._data

    def cells(self, name: Name) -> Sequence[int]:
        """One by one."""
        return memoryview(self._bytes(name)).cast("q")

    def _bytes(self, name: Name) -> bytes:
        place = self.layout.places[name]
        start, end = self.layout.starts[place : place + 2]
        return self.data[start * _CELL : end * _CELL]

    def __getitem__(self, name: Name) -> int:
        return _number(self._bytes(name))

    def __len__(self) -> int:
        return len(self.layout.names)

    def __iter__(self) -> Iterator[Name]:
        return iter(self.layout.names)

    def since(self, before: "Totals") -> "Totals":
        """What was counted since. Names that came since count from nothing, those too that were
        given back and came again."""
        layout, old = self.layout, before.layout
        if layout is old:
            return Totals(layout, max(0, self.number - before.number))
        entries = [
            (name, start, end - start, 0)
            for name, start, end in zip(old.names, old.starts, old.starts[1:], strict=False)
        ]
        gone: Gone = {} if layout.time == old.time else dict.fromkeys(layout.gone)
        picking = Picking(layout, entries, gone)
        # No count goes back, save of a worker whose names found no room when it ended.
        return Totals(layout, max(0, self.number - picking.number(memoryview(before.data))))


def _bytes(start: int, end: int) -> slice:
    """Of cells."""
    return slice(start * _CELL, end * _CELL)


def _number(cells: bytes | bytearray) -> int:
    return int.from_bytes(cells, "little")
