"""Series: counts that have names, which workers make up as they go, in memory that all see.

Each worker writes a row of its own, so that no lock is needed: a list of names with their cells, to
whose end a name is added where there is none. Whoever wants totals reads all rows and adds up what
has the same name. What an ended worker has counted moves to row 0, so that no total ever goes back:
meanwhile the version is odd, and who read then reads again.

Memory is bounded by the size of a row; of names that find no room the last of their kind counts
them all, see `Series.of`. So the supervisor gives back names that nobody counts under any more. It
writes which these are, and that it has done so once more; from this one store on no reader finds
them in a row that is of before. Each worker leaves them out of its row when it sees that (`renew`),
and counts anew what has such a name from then on. There is no next time before all have done so.
"""

from collections.abc import Iterator, MutableSequence
from itertools import count
from operator import itemgetter

from porch.observe.series_row import NAMES, SIZE, Entry, Gone, Name, Row, pack, unpack
from porch.observe.totals import Layout, Picking, Totals
from porch.shared import Memory

__all__ = ["GONE", "REST", "Name", "Series", "SeriesTable"]

REST = "other"
"""In place of the parts of a name that found no room."""
GONE = ""
"""In place of the last part of a name, of what has that name no more: its counts are still part of
a greater sum."""
_HEAD = 4 * 8
_VERSION, _TIME, _COUNTS = range(3)
"""Behind these the names that were given back, of even times and of odd ones: who reads those of
now is not in the way of the next."""
_SPARE = 16
"""Names that are kept for the rest of each kind."""

_Known = tuple[list[Entry], int, int]
"""What a layout was made of: the names of a row, how many there were, and its time."""


class SeriesTable:
    """rows: of workers; row 0 is that of those that have ended. descriptor: of its memory; given
    one, the table is what another process has counted there."""

    __slots__ = (
        "_gone",
        "_head",
        "_known",
        "_layout",
        "_made_of",
        "_memory",
        "_pickings",
        "_rows",
        "_series",
        "descriptor",
        "rows",
    )

    def __init__(self, rows: int, descriptor: int = -1) -> None:
        size = self.size(rows)
        self._memory = Memory("porch series", size, descriptor)
        self.descriptor = self._memory.descriptor
        self.rows = rows
        memory = self._memory.view()
        self._head = memory[:_HEAD].cast("q")
        start = _HEAD + 2 * NAMES
        self._gone = memory[_HEAD : _HEAD + NAMES], memory[_HEAD + NAMES : start]
        self._rows = [Row(memory[at : at + SIZE]) for at in range(start, size, SIZE)]
        self._series: dict[int, Series] = {}
        self._known: tuple[int, Gone] = 0, {}
        self._layout = Layout({})
        self._made_of: list[_Known] = []
        self._pickings: list[Picking] = []

    @staticmethod
    def size(rows: int) -> int:
        """Bytes of a table."""
        return _HEAD + 2 * NAMES + rows * SIZE

    def __repr__(self) -> str:
        return f"<SeriesTable {self.rows} rows, {self.count} names>"

    def row(self, number: int) -> "Series":
        """For the one worker that counts there. All who count in it share it."""
        found = self._series.get(number)
        if found is None:
            found = self._series[number] = Series(self._rows[number], self)
        return found

    def totals(self) -> Totals:
        """All names, each with its cells added up over all rows. 10,000 names of 2 workers are
        14 ms; 60 where there are others than the last time."""
        for _ in range(100):
            version = self._head[_VERSION]
            found = self._totals()
            if version == self._head[_VERSION] and not version % 2:
                break
        return found

    def _totals(self) -> Totals:
        rows = [found for row in self._rows if (found := row.look())[0]]
        made_of = [(entries, len(entries), time) for entries, _, time in rows]
        if self._layout.time != self.time or not _is_same(made_of, self._made_of):
            self._lay_out(made_of)
        numbers = [
            picking.number(memory)
            for picking, (_, memory, _) in zip(self._pickings, rows, strict=True)
        ]
        return Totals(self._layout, sum(numbers))

    def _lay_out(self, made_of: list[_Known]) -> None:
        """There are other names, or they stand elsewhere."""
        now = self.time
        gone = self.gone
        widths: dict[Name, int] = {}
        for entries, many, time in made_of:
            for name, _, width, _ in entries[:many]:
                if time != now and name in gone:
                    into = gone[name]
                    if into is None:
                        continue
                    name = into
                if widths.get(name, 0) < width:
                    widths[name] = width
        layout = Layout(widths, now, gone)
        self._pickings = [
            Picking(layout, entries[:many], {} if time == now else gone)
            for entries, many, time in made_of
        ]
        self._layout, self._made_of = layout, made_of

    # --- what nobody counts under any more -------------------------------------------------------

    @property
    def time(self) -> int:
        """How often names were given back."""
        return self._head[_TIME]

    @property
    def gone(self) -> Gone:
        """Those of the last time."""
        time = self.time
        if self._known[0] != time:
            self._known = time, dict(self._read_gone(time % 2))
        return self._known[1]

    def _read_gone(self, side: int) -> Iterator[tuple[Name, Name | None]]:
        at = 0
        for _ in range(self._head[_COUNTS + side]):
            name, has_place, at = unpack(self._gone[side], at)
            yield name, (*name[:-1], GONE) if has_place else None

    @property
    def is_crowded(self) -> bool:
        """Whether there will be no room for further names somewhere, before long."""
        return any(row.is_crowded for row in self._rows)

    @property
    def count(self) -> int:
        """Names in all rows; what is in several counts as often."""
        return sum(row.count for row in self._rows)

    @property
    def names(self) -> set[Name]:
        """All that are in any row."""
        return {entry[0] for row in self._rows for entry in row.look()[0]}

    def give_back(self, gone: Gone) -> bool:
        """Nobody counts under these names any more; their counts are forgotten, or go to the same
        name with GONE for its last part. False: not yet, a worker has the last ones still. Only the
        supervisor may call this."""
        if any(row.count and row.time != self.time for row in self._rows):
            return False
        side = (self.time + 1) % 2
        at = many = 0
        for name, into in gone.items():
            text = pack(name, into is not None)
            if at + len(text) > NAMES:
                break  # the rest another time
            self._gone[side][at : at + len(text)] = text
            at, many = at + len(text), many + 1
        self._head[_COUNTS + side] = many
        self._head[_VERSION] += 1
        try:
            self._head[_TIME] += 1
            self.row(0).renew()
        finally:
            self._head[_VERSION] += 1
        return True

    def clear(self, row: int) -> None:
        """The worker of this row has ended: what it has counted stays counted. Only the supervisor
        may call this."""
        self._series.pop(row, None)
        past = self.row(0)
        self._head[_VERSION] += 1
        try:
            Series(self._rows[row], self).renew()
            entries, memory, _ = self._rows[row].look()
            counts = memory.cast("q")
            for name, start, width, _ in entries:
                cells = past.of(name, width)
                for place, value in enumerate(counts[start : start + width]):
                    if value:
                        cells[place] += value
            self._rows[row].clear(self.time)
        finally:
            self._head[_VERSION] += 1


def _is_same(made_of: list[_Known], before: list[_Known]) -> bool:
    return len(made_of) == len(before) and all(
        one[0] is other[0] and one[1:] == other[1:]
        for one, other in zip(made_of, before, strict=True)
    )


class Series:
    """A worker's own row."""

    __slots__ = ("_entries", "_known", "_row", "_table")

    def __init__(self, row: Row, table: SeriesTable) -> None:
        self._row = row
        self._table = table
        if not row.count and row.time != table.time:
            row.clear(table.time)
        self._learn()

    def __repr__(self) -> str:
        return f"<Series {self._row.count} names>"

    def _learn(self) -> None:
        self._entries = self._row.look()[0]
        self._known: dict[Name, int] = dict(zip(map(_first, self._entries), count(), strict=False))

    def place(self, name: Name, width: int) -> int:
        """Where the name is in the row's list; its cells are made if there are none."""
        found = self._known.get(name)
        if found is None:
            found = self._known[name] = self._add(name, width)
        return found

    def of(self, name: Name, width: int) -> MutableSequence[int]:
        """The cells of a name, 0 at first. They are the name's until `renew` says otherwise. Its
        first part says what kind it is.

        Where there is no room for more names, those of the kind's REST: few kinds there are, and
        room for theirs is kept.
        """
        return self._row.cells(self._entries[self.place(name, width)][1], width)

    def renew(self) -> bool:
        """Leave out what was given back. True: there was something, and all places and cells are
        others from now on; what is to be counted in those of before must have been."""
        table = self._table
        if self._row.time == table.time:
            return False
        gone, known = table.gone, self._known
        places = {known[name] for name in gone if name in known}
        places = {place for place in places if self._entries[place][0] in gone}  # and not the rest
        self._row.give_back(sorted(places), gone, table.time)
        self._learn()
        return True

    def _add(self, name: Name, width: int) -> int:
        row = self._row
        added = row.add(name, width, spare=_SPARE)
        if added is not None:
            return self._known.setdefault(added[0], len(self._entries) - 1)
        rest = (name[0], *(REST for _ in name[1:]))
        known = self._known.get(rest)
        if known is None:
            if row.add(rest, width) is None:
                raise MemoryError("no room for another kind of counts")
            known = self._known[rest] = len(self._entries) - 1
        return known


_first = itemgetter(0)
