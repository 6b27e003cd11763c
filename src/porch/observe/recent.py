"""Recent: the last exchanges, in memory that all processes of the door see.

Each worker writes a ring of slots of its own, of every exchange one. Of those that went wrong there
is a second ring, with more of each, which the good ones do not push out. Nothing is locked: a
slot's number is 0 while it is written, and who finds another number behind it than before reads it
again, or not at all.
"""

from collections.abc import Iterator, Mapping, Sequence

from porch import clock
from porch.exchange import Exchange
from porch.observe.record import Record, details, pack, unpack
from porch.shared import Memory

__all__ = ["BAD", "BAD_SLOT", "LAST", "SLOT", "Recent", "RecentTable"]

LAST = 10_000
"""Exchanges that are kept of each worker, and of all together where they are alike busy; a worker
has its share of them."""
BAD = 2_000
"""The same of those that went wrong."""
SLOT, BAD_SLOT = 512, 2048
"""Bytes of one. 9 MB in all, of which what was never written takes no memory."""
BAD_AT_ONCE = 8
"""Of those that ended together, as many as are written with all that is known: 20 us each."""


class _Ring:
    """Slots in shared memory. numbers: of what each holds, from 1, 0 for nothing; and behind them
    the number written last, and how many slots are in use."""

    __slots__ = ("_memory", "_numbers", "_room", "most", "size")

    def __init__(self, memory: memoryview, most: int, room: int) -> None:
        self.most = most
        self._room = room
        self._numbers = memory[: (most + 2) * 8].cast("Q")
        self._memory = memory[(most + 2) * 8 :]

    @staticmethod
    def bytes_for(most: int, room: int) -> int:
        return (most + 2) * 8 + most * room

    def use(self, slots: int) -> None:
        """Write to so many of them from now on."""
        if self._numbers[self.most + 1] != slots:
            self._numbers[: self.most] = memoryview(bytes(self.most * 8)).cast("Q")
            self._numbers[self.most + 1] = slots

    @property
    def last(self) -> int:
        return self._numbers[self.most]

    def write(self, texts: Sequence[bytes]) -> None:
        numbers, memory, room = self._numbers, self._memory, self._room
        number, slots = numbers[self.most], numbers[self.most + 1]
        for text in texts:
            number += 1
            slot = number % slots
            at = slot * room
            numbers[slot] = 0
            memory[at : at + len(text)] = text
            numbers[slot] = number
        numbers[self.most] = number

    def read(self, after: int) -> Iterator[tuple[int, bytes]]:
        """Those with a greater number, the oldest first, each with its own."""
        numbers = self._numbers
        last, slots = numbers[self.most], numbers[self.most + 1]
        for number in range(max(after, last - slots) + 1, last + 1):
            slot = number % slots
            at = slot * self._room
            if numbers[slot] != number:
                continue
            data = bytes(self._memory[at : at + self._room])
            if numbers[slot] == number:
                yield number, data


class RecentTable:
    """rows: of workers; row 0 is nobody's. descriptor: of its memory; given one, the table is what
    others have written there."""

    __slots__ = ("_bad", "_last", "_memory", "descriptor", "rows")

    def __init__(self, rows: int, descriptor: int = -1) -> None:
        last, bad = _Ring.bytes_for(LAST, SLOT), _Ring.bytes_for(BAD, BAD_SLOT)
        size = self.size(rows)
        self._memory = Memory("porch recent", size, descriptor)
        self.descriptor = self._memory.descriptor
        self.rows = rows
        memory = self._memory.view()
        starts = range(0, size, last + bad)
        self._last = [_Ring(memory[at : at + last], LAST, SLOT) for at in starts]
        self._bad = [_Ring(memory[at + last : at + last + bad], BAD, BAD_SLOT) for at in starts]

    @staticmethod
    def size(rows: int) -> int:
        """Bytes of a table."""
        return rows * (_Ring.bytes_for(LAST, SLOT) + _Ring.bytes_for(BAD, BAD_SLOT))

    def __repr__(self) -> str:
        return f"<RecentTable {self.rows} rows, {sum(each.last for each in self._last)} written>"

    def row(self, number: int, workers: int) -> "Recent":
        """For the one worker that writes there, of so many."""
        last, bad = self._last[number], self._bad[number]
        last.use(-(-LAST // workers))
        bad.use(-(-BAD // workers))
        return Recent(last, bad)

    def marks(self) -> dict[int, int]:
        """Behind what is there by now."""
        return {row: ring.last for row, ring in enumerate(self._last) if ring.last}

    def since(self, marks: Mapping[int, int]) -> tuple[list[Record], dict[int, int]]:
        """Exchanges that have ended behind `marks`, in order of their ends, and marks behind
        these. marks: of rows, {} for all that are there. 2 us each."""
        found: list[Record] = []
        reached: dict[int, int] = {}
        for row, ring in enumerate(self._last):
            mark = reached[row] = marks.get(row, 0)
            if ring.last < mark:  # another worker's by now, or the door's another one
                mark = 0
            for number, data in ring.read(mark):
                found.append(unpack(data))
                reached[row] = number
        found.sort(key=lambda record: record.at)
        return found, {row: mark for row, mark in reached.items() if mark}

    def bad(self) -> list[Record]:
        """Those that went wrong, in order of their ends."""
        found = [unpack(data) for ring in self._bad for _, data in ring.read(0)]
        found.sort(key=lambda record: record.at)
        return found


class Recent:
    """An observer (ended.py): a worker's own rings."""

    __slots__ = ("_bad", "_last")

    def __init__(self, last: _Ring, bad: _Ring) -> None:
        self._last = last
        self._bad = bad

    def take(self, exchanges: Sequence[Exchange]) -> None:
        """Write them: 1 us each, 20 where it went wrong."""
        offset = clock.wall() - clock.monotonic()
        self._last.write([pack(exchange, offset, SLOT) for exchange in exchanges])
        bad = [each for each in exchanges if each.error is not None or each.status >= 500]
        if bad:
            self._take_bad(bad, offset)

    def _take_bad(self, exchanges: Sequence[Exchange], offset: float) -> None:
        bad = [each for each in exchanges if _is_ours(each)]
        self._bad.write(
            [
                pack(each, offset, BAD_SLOT, details(each, BAD_SLOT // 2))
                for each in bad[:BAD_AT_ONCE]
            ]
        )

    def flush(self) -> None:
        """All is written already."""

    close = flush


def _is_ours(exchange: Exchange) -> bool:
    """Whether somebody should look at it: neither what a client did wrong, nor what the door says
    by its configuration (a busy worker's 503, `respond:503`), which may be thousands a second."""
    error = exchange.error
    return exchange.endpoint is not None if error is None else error.source != "client"
