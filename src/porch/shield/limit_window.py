"""Window: at most so many in any so long, counted in 63 sub-windows by all workers together.

The sub-windows of a key are a ring of cells in the worker's own row, with their sum and the first
sub-window that it counts: as long as none of these is over, the sum is right as it stands, and a
reader looks at nothing else. Else the ring is read as one large number: masked of what is over, its
remainder by 255 is the sum of its bytes (by 65,535 of its words), in the same time for any number
of them.

What is promised (tests/shield/test_limit_window.py): in any window at most `most` pass, and one
more for each further worker, for each may have let one in that the others do not see yet. One who
comes at most `most` times in any 64/63 of a window is never refused.
"""

from math import inf

from porch.shield.limit_table import FORMATS, MIDDLE, RING, SET, TAGS, WAY, LimitRow, Slots

__all__ = ["MOST", "Window", "width_for"]

MOST = (1 << 22) - 1
"""The most that a window counts up to."""
SUBS = RING - 1
"""Sub-windows of a window. One more is counted, the one that has just begun."""
_FIRST = 24
_TOTAL = (1 << _FIRST) - 1
"""A head: the first sub-window that its sum has from bit 24 on, below it the sum. Of a window of a
second it has room for the sub-windows of 276 years."""
_EARLY = 1e-6
"""Of a sub-window, by which the next begins early: a product of floats may fall short of it, and
who has waited until then would be told to wait again."""
_ALL = range(RING)
_PER = RING // WAY
"""Cells of a slot for each number of its head."""
_from_bytes = int.from_bytes


def width_for(most: int, *, late: bool) -> int:
    """Bytes of a cell. late: what is counted may be more than `most` at a time."""
    return 4 if late or most > 65_534 else 2 if most > 254 else 1


class _Masks(dict[int, int]):
    """(first % RING) * RING + how many are over from the first on -> what of a ring counts."""

    __slots__ = ("_bits",)

    def __init__(self, width: int) -> None:
        super().__init__()
        self._bits = 8 * width

    def __missing__(self, key: int) -> int:
        first, gone = divmod(key, RING)
        over = {(first + each) % RING for each in range(gone)}
        cell = (1 << self._bits) - 1
        mask = sum(cell << each * self._bits for each in _ALL if each not in over)
        self[key] = mask
        return mask


class Window:
    """most: units in `seconds`. row: where it counts. name: other limits have other ones, and all
    workers the same. late: whether units are charged that nobody asked for before."""

    __slots__ = (
        "_began",
        "_bytes",
        "_cell",
        "_first",
        "_index",
        "_live",
        "_masks",
        "_modulus",
        "_next",
        "_now",
        "_others",
        "_own",
        "_per",
        "_places",
        "_row",
        "_scale",
        "_secret",
        "_seen",
        "_sub",
        "_until",
        "_valid",
        "_width",
        "most",
        "seconds",
    )

    def __init__(
        self, row: LimitRow, name: str, most: int, seconds: float, *, late: bool = False
    ) -> None:
        self.most = most
        self.seconds = seconds
        self._width = width = width_for(most, late=late)
        self._row = row
        self._own = row.table.slots(row.own, width)
        self._live = row.table.live
        self._seen = 0
        self._others: list[Slots] = []
        self._secret = row.table.secret(name)
        self._places = row.table.keys - 1 << 2
        self._began = row.table.began
        self._sub = seconds / SUBS
        self._per = SUBS / seconds
        self._bytes = RING * width
        self._scale = _PER * width
        self._modulus = (1 << 8 * width) - 1
        self._masks = _Masks(width)
        self._next = -inf
        self._index = self._first = self._valid = self._cell = self._now = self._until = 0

    def __repr__(self) -> str:
        return f"<Window {self.most} in {self.seconds:g} s>"

    def take(self, key: bytes, now: float, units: int = 1) -> int:
        """Let one more in: what is left behind it, or -1 if there is no room. now:
        clock.monotonic(). units: 0 if it is charged later; there must be room for one then."""
        if now >= self._next:
            self._step(now)
        tag = _from_bytes(key, "big") * self._secret >> MIDDLE & TAGS or 1
        slot = tag & self._places
        valid = self._valid
        own = self._own
        heads = own.heads
        at = slot if heads[slot] == tag else own.find(slot, tag)
        head = counted = 0
        if at >= 0:
            head = heads[at + 1]
            if head < valid:
                head = self._expire(at, head)
            counted = head & _TOTAL
        if self._live[0] != self._seen:
            self._look()
        for other in self._others:
            theirs = other.heads
            found = theirs[slot]
            if found == tag:
                there = slot
            elif not found or (there := other.find(slot, tag)) < 0:
                continue
            their = theirs[there + 1]
            counted += their & _TOTAL if their >= valid else self._living(other, there, their)
        left = self.most - counted - units
        if left < 0:
            return -1
        if not units:
            return left or -1
        if at < 0:
            at = self._place(slot, tag)
            head = heads[at + 1]
        cells = own.cells
        cell = at * _PER + self._cell
        before = cells[cell]
        if not before:
            heads[at + 2] = self._until
        cells[cell] = before + units
        heads[at + 1] = head + units
        return left

    def charge(self, key: bytes, now: float, units: int) -> None:
        """Count so many more, whether there is room or not; of `units` below 0 so many fewer of
        those that were let in a moment ago."""
        if now >= self._next:
            self._step(now)
        tag = _from_bytes(key, "big") * self._secret >> MIDDLE & TAGS or 1
        slot = tag & self._places
        own = self._own
        at = own.find(slot, tag)
        if at < 0:
            at = self._place(slot, tag)
        head = own.heads[at + 1]
        if head < self._valid:
            head = self._expire(at, head)
        cell = at * _PER + self._cell
        units = max(-own.cells[cell], min(units, _TOTAL - (head & _TOTAL)))
        own.heads[at + 2] = self._until
        own.cells[cell] += units
        own.heads[at + 1] = head + units

    def wait(self, key: bytes, now: float) -> float:
        """Seconds until there is room for one, if nobody else comes; 0 if there is."""
        if now >= self._next:
            self._step(now)
        rings = self._rings(key)
        over = sum(sum(each) for each in rings) - self.most + 1
        if over <= 0:
            return 0.0
        # Nearly always one leaves with the oldest sub-window that has anything.
        age = min(_first(each) for each in rings) // self._width
        while True:
            over -= sum(each[age] for each in rings)
            age += 1
            if over <= 0:
                return max(0.0, (self._index + age) * self._sub - (now - self._began))

    # --- rings -----------------------------------------------------------------------------------

    def _step(self, now: float) -> None:
        """A sub-window has begun: all that follows from which one it is. `_now` and `_until` are
        when it began and when what it counts is over, in ms."""
        self._index = index = int((now - self._began) * self._per + _EARLY)
        self._next = self._began + (index + 1 - _EARLY) * self._sub
        self._first = index - SUBS
        self._valid = self._first << _FIRST
        self._cell = index & RING - 1
        self._now = int(index * self._sub * 1000)
        self._until = int((index + RING) * self._sub * 1000)

    def _look(self) -> None:
        """There are further workers."""
        self._seen = self._live[0]
        self._others = self._row.others(self._width)

    def _read(self, slots: Slots, at: int, head: int) -> int:
        """What counts of a ring, as one number."""
        first = head >> _FIRST
        gone = self._first - first
        if gone >= RING:
            return 0
        start = at * self._scale
        ring = _from_bytes(slots.memory[start : start + self._bytes], "little")
        return ring & self._masks[(first & RING - 1) * RING + gone] if gone > 0 else ring

    def _living(self, slots: Slots, at: int, head: int) -> int:
        """The sum of a ring of another worker, who may count there meanwhile."""
        while True:
            ring = self._read(slots, at, head)
            before, head = head, slots.heads[at + 1]
            if head == before:
                return ring % self._modulus

    def _expire(self, at: int, head: int) -> int:
        """Forget what is over, in our own row. Returns the head."""
        own = self._own
        ring = self._read(own, at, head)
        start = at * self._scale
        own.memory[start : start + self._bytes] = ring.to_bytes(self._bytes, "little")
        head = self._valid | ring % self._modulus if ring else self._index << _FIRST
        own.heads[at + 1] = head
        return head

    def _rings(self, key: bytes) -> "list[memoryview[int]]":
        """Of each worker that has counted it, the oldest sub-window first."""
        tag = _from_bytes(key, "big") * self._secret >> MIDDLE & TAGS or 1
        slot = tag & self._places
        if self._live[0] != self._seen:
            self._look()
        oldest = (self._index + 1 & RING - 1) * self._width
        found = []
        for slots in (self._own, *self._others):
            at = slots.find(slot, tag)
            if at >= 0:
                ring = self._read(slots, at, slots.heads[at + 1])
                cells = ring.to_bytes(self._bytes, "little")
                rolled = memoryview(cells[oldest:] + cells[:oldest])
                found.append(rolled.cast(FORMATS[self._width]))
        return found

    def _place(self, slot: int, tag: int) -> int:
        """A slot for a key that has none."""
        heads = self._own.heads
        at = slot
        if heads[slot]:
            at = self._least(slot)
            self._clear(at)
        heads[at + 1] = self._index << _FIRST
        heads[at + 2] = self._until
        heads[at + 3] = self.most
        heads[at] = tag
        return at

    def _least(self, slot: int) -> int:
        """Of the set of this slot an empty one, or the one with the least to lose."""
        start = slot & -SET
        heads = self._own.heads[start : start + SET].tolist()
        at, least = 0, 2.0
        for each in range(0, SET, WAY):
            if not heads[each] or heads[each + 2] <= self._now:
                return start + each
            share = (heads[each + 1] & _TOTAL) / heads[each + 3]
            if share < least:
                at, least = each, share
        return start + at

    def _clear(self, at: int) -> None:
        start = at * self._scale
        self._own.memory[start : start + self._bytes] = bytes(self._bytes)


def _first(ring: "memoryview[int]") -> int:
    """Bytes before the first that is not 0."""
    cells = bytes(ring)
    return len(cells) - len(cells.lstrip(b"\0"))
