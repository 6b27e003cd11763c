"""A row of series: the memory in which one worker counts what it names as it goes.

A list of names, each with how many cells it has, and the cells. There is room for two of these and
one is in use: what is given back is left out of a copy, and one store of eight bytes has the copy
in use. A worker killed at any point leaves the old row or the new, and who reads has one of them.
"""

import struct
from collections.abc import Iterable, Mapping, MutableSequence

__all__ = ["CELLS", "MOST", "NAMES", "SIZE", "Entry", "Gone", "Name", "Row", "pack", "unpack"]

MOST = 16_384
"""Names in a row."""
NAMES = 1 << 20
"""Bytes of a row that names may take."""
CELLS = 1 << 20
"""Cells of a row: 8 MiB. Of all this only what was written takes memory."""
LONGEST = 512
"""Bytes of a name."""
_ROOM = 64
"""Bytes, and cells, that a name takes for which room is kept."""
_HEAD = 4
"""Cells in front of the names: how many these are, bytes of them, cells, and how often names were
given back until then (see SeriesTable)."""
_COUNT, _BYTES, _USED, _ROUND = range(4)
_ENTRY = struct.Struct("<HH")
_ENTRY_SIZE, _unpack = _ENTRY.size, _ENTRY.unpack_from
_AREA = _HEAD * 8 + NAMES + CELLS * 8
SIZE = 8 + 2 * _AREA
"""Bytes of a row."""

Name = tuple[str, ...]
Gone = Mapping[Name, Name | None]
"""Names that are given back, each with the one that its counts go to, or None."""


Entry = tuple[Name, int, int, int]
"""A name in the list, where its cells begin, how many they are, and where its bytes end."""


class _Area:
    """entries: what is known of the list so far."""

    def __init__(self, memory: memoryview) -> None:
        self.head = memory[: _HEAD * 8].cast("q")
        self.texts = memory[_HEAD * 8 : _HEAD * 8 + NAMES]
        self.bytes = memory[_HEAD * 8 + NAMES :]
        self.cells = self.bytes.cast("q")
        self.entries: list[Entry] = []

    def read(self) -> list[Entry]:
        found = self.entries
        end = cell = 0
        if found:
            _, start, width, end = found[-1]
            cell = start + width
        count = self.head[_COUNT] - len(found)
        if count <= 0:
            return found
        begin, texts = end, bytes(self.texts[end : self.head[_BYTES]])
        for _ in range(count):
            name, width, end = unpack(texts, end - begin)
            end += begin
            found.append((name, cell, width, end))
            cell += width
        return found

    def add(self, name: Name, width: int, spare: int = 0) -> Entry | None:
        entries, head = self.read(), self.head
        text = pack(name, width)
        used, start, room = head[_BYTES], head[_USED], spare * _ROOM
        end = used + len(text)
        if len(entries) + spare >= MOST or end + room > NAMES or start + width + room > CELLS:
            return None
        self.texts[used:end] = text
        head[_BYTES], head[_USED] = end, start + width
        head[_COUNT] += 1  # behind all else: from now on it is read
        entries.append((unpack(text, 0)[0], start, width, end))
        return entries[-1]

    def copy(self, other: "_Area", first: int, end: int) -> None:
        """Put these of another's entries behind what is here."""
        if first == end:
            return
        head, entries = self.head, other.entries
        from_text = entries[first - 1][3] if first else 0
        from_cell, (_, start, width, to_text) = entries[first][1], entries[end - 1]
        text, cell = head[_BYTES], head[_USED]
        texts, cells = to_text - from_text, start + width - from_cell
        self.texts[text : text + texts] = other.texts[from_text:to_text]
        self.cells[cell : cell + cells] = other.cells[from_cell : from_cell + cells]
        head[_BYTES], head[_USED] = text + texts, cell + cells
        head[_COUNT] += end - first
        text, cell = text - from_text, cell - from_cell
        self.entries += [
            (name, start + cell, width, to + text) for name, start, width, to in entries[first:end]
        ]

    def clear(self, time: int) -> None:
        head = self.head
        used = head[_USED]
        head[_COUNT] = head[_BYTES] = head[_USED] = 0
        head[_ROUND] = time
        self.bytes[: used * 8] = bytes(used * 8)
        self.entries = []


class Row:
    """memory: SIZE bytes, all 0 at first."""

    __slots__ = ("_areas", "_seen", "_turn")

    def __init__(self, memory: memoryview) -> None:
        self._turn = memory[:8].cast("q")
        self._areas = _Area(memory[8 : 8 + _AREA]), _Area(memory[8 + _AREA :])
        self._seen = 0

    def __repr__(self) -> str:
        return f"<Row {self.count} names>"

    @property
    def _area(self) -> _Area:
        """The one that is in use. What another process has changed is not known any more."""
        turn = self._turn[0]
        area = self._areas[turn % 2]
        if turn != self._seen:
            self._seen = turn
            area.entries = []
        return area

    @property
    def count(self) -> int:
        """Names in it."""
        return self._area.head[_COUNT]

    @property
    def time(self) -> int:
        """How often names were given back, up to what is in it."""
        return self._area.head[_ROUND]

    @property
    def is_crowded(self) -> bool:
        """Whether half of the room is taken."""
        head = self._area.head
        return head[_COUNT] > MOST // 2 or head[_BYTES] > NAMES // 2 or head[_USED] > CELLS // 2

    def look(self) -> tuple[list[Entry], memoryview, int]:
        """The names in the order of their places, all cells as bytes, and `time`. They belong
        together, whatever the worker does meanwhile."""
        area = self._area
        return area.read(), area.bytes, area.head[_ROUND]

    def cells(self, start: int, width: int) -> MutableSequence[int]:
        """Of a name, until names are given back."""
        return self._area.cells[start : start + width]  # type: ignore[return-value]

    def add(self, name: Name, width: int, spare: int = 0) -> Entry | None:
        """A further name; None where there is no room, that of `spare` names apart."""
        return self._area.add(name, width, spare)

    def give_back(self, places: Iterable[int], gone: Gone, time: int) -> None:
        """Have all names but those at these places, in their order, which are among `gone`. time:
        from now on. 15 ms of a full row."""
        before = self._area
        entries = before.read()
        turn = self._turn[0] + 1
        area = self._areas[turn % 2]
        area.clear(time)
        left: list[Entry] = []
        first = 0
        for place in places:
            left.append(entries[place])
            area.copy(before, first, place)
            first = place + 1
        area.copy(before, first, len(entries))
        _add_to(area, gone, left, before)
        self._seen = turn
        self._turn[0] = turn

    def clear(self, time: int) -> None:
        """Have none. time: see give_back."""
        turn = self._turn[0] + 1
        self._areas[turn % 2].clear(time)
        self._seen = turn
        self._turn[0] = turn


def _add_to(area: _Area, gone: Gone, left: list[Entry], before: _Area) -> None:
    """Have the counts of what is left out stand where they belong."""
    moved = [(gone[name], start, width) for name, start, width, _ in left]
    known: dict[Name, Entry] = {}
    if any(into is not None for into, _, _ in moved):
        known = {entry[0]: entry for entry in area.entries}
    for into, start, width in moved:
        found = None if into is None else known.get(into) or area.add(into, width)
        if into is None or found is None:  # there is room: it takes that of one that goes
            continue
        known[into] = found
        for cell in range(min(width, found[2])):
            if value := before.cells[start + cell]:
                area.cells[found[1] + cell] += value


def pack(name: Name, number: int) -> bytes:
    """A name as it is written, with a number below 65,536."""
    text = "\0".join(name).encode("utf-8", "replace")[:LONGEST]
    return _ENTRY.pack(len(text), number) + text


def unpack(memory: bytes | memoryview, at: int) -> tuple[Name, int, int]:
    """The name that is written there, its number, and what stands behind it."""
    length, number = _unpack(memory, at)
    at += _ENTRY_SIZE
    end = at + length
    return tuple(str(memory[at:end], "utf-8", "replace").split("\0")), number, end
