"""Window: at most so many in any so long, counted in 63 sub-windows by all workers together.

The sub-windows of a key are a ring of cells in the worker's own row, with their sum, up to date at
the sub-window `at`, and how many sub-windows ago the oldest one was that has anything: as long as
that one still counts, the sum is right as it stands, and a reader looks at nothing else. Else the
ring is read as one large number: masked of what is over, its remainder by 255 is the sum of its
bytes (by 65,535 of its words), in the same time for any number of them.

What is promised (tests/shield/test_limit_window.py): in any window at most `most` pass, and one
more for each further worker, for each may have let one in that the others do not see yet. One who
comes at most `most` times in any 64/63 of a window is never refused.
"""

from math import ceil

from porch.shield.limit_table import FORMATS, RING, WAY, LimitRow, Slots

__all__ = ["MOST", "Window", "width_for"]

MOST = (1 << 22) - 1
"""The most that a window counts up to."""
SUBS = RING - 1
"""Sub-windows of a window. One more is counted, the one that has just begun."""
_AT, _AGE = 30, 24
_TOTAL = (1 << _AGE) - 1
"""A head: `at` from bit 30 on, the age of the oldest from bit 24 on, below it the sum. Of a window
of a second `at` has room for the sub-windows of four years, of a minute for those of 250."""
_UNTIL = 23
"""What stands behind it: when all of it is over, in ms, from bit 23 on, below it `most`."""
_ALL = range(RING)


def width_for(most: int, *, late: bool) -> int:
    """Bytes of a cell. late: what is counted may be more than `most` at a time."""
    return 4 if late or most > 65_534 else 2 if most > 254 else 1


class _Masks(dict[int, int]):
    """(at % RING) * RING + how many sub-windows have begun since -> what of a ring still counts."""

    __slots__ = ("_bits",)

    def __init__(self, width: int) -> None:
        super().__init__()
        self._bits = 8 * width

    def __missing__(self, key: int) -> int:
        at, ahead = divmod(key, RING)
        over = {(at + each) % RING for each in range(1, ahead + 1)}
        cell = (1 << self._bits) - 1
        mask = sum(cell << each * self._bits for each in _ALL if each not in over)
        self[key] = mask
        return mask


class Window:
    """most: units in `seconds`. row: where it counts. salt: of its name, so that other limits have
    other slots; all workers have the same. late: whether units are charged that nobody asked for
    before."""

    __slots__ = (
        "_began",
        "_bytes",
        "_live",
        "_masks",
        "_modulus",
        "_others",
        "_own",
        "_per",
        "_row",
        "_salt",
        "_seen",
        "_slots",
        "_sub",
        "_width",
        "most",
        "seconds",
    )

    def __init__(
        self, row: LimitRow, salt: int, most: int, seconds: float, *, late: bool = False
    ) -> None:
        self.most = most
        self.seconds = seconds
        self._width = width = width_for(most, late=late)
        self._row = row
        self._own = row.table.slots(row.own, width)
        self._live = row.table.live
        self._seen = 0
        self._others: list[Slots] = []
        self._salt = salt
        self._began = row.table.began
        self._sub = seconds / SUBS
        self._per = SUBS / seconds
        self._slots = row.table.keys - 1
        self._bytes = RING * width
        self._modulus = (1 << 8 * width) - 1
        self._masks = _Masks(width)

    def __repr__(self) -> str:
        return f"<Window {self.most} in {self.seconds:g} s>"

    def take(self, key: bytes, now: float, units: int = 1) -> int:
        """Let one more in: what is left behind it, or -1 if there is no room. now:
        clock.monotonic(). units: 0 if it is charged later; there must be room for one then."""
        tag = hash(key) ^ self._salt or 1
        slot = (tag & self._slots) * WAY
        index = int((now - self._began) * self._per)
        own = self._own
        heads = own.heads
        at = slot if heads[slot] == tag else own.find(slot, tag)
        head = ahead = counted = 0
        if at >= 0:
            head = heads[at + 1]
            ahead = index - (head >> _AT)
            if ahead > 0 and ahead + (head >> _AGE & 63) >= RING:
                head = self._expire(at, head, index)
                ahead = 0
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
            since = index - (their >> _AT)
            if since <= 0 or since + (their >> _AGE & 63) < RING:
                counted += their & _TOTAL
            else:
                counted += self._living(other, there, index)
        left = self.most - counted - units
        if left < 0:
            return -1
        if not units:
            return left or -1
        if at < 0:
            at = self._place(slot, tag, index)
            head = index << _AT
            ahead = 0
        if ahead > 0:
            head += ahead << _AT | ahead << _AGE
            heads[at + 2] = self._until(index)
        else:
            index = head >> _AT
        own.cells[at // WAY * RING + (index & 63)] += units
        heads[at + 1] = head + units
        return left

    def charge(self, key: bytes, now: float, units: int) -> None:
        """Count so many more, whether there is room or not; of `units` below 0 so many fewer of
        those that were let in a moment ago."""
        tag = hash(key) ^ self._salt or 1
        slot = (tag & self._slots) * WAY
        index = int((now - self._began) * self._per)
        own = self._own
        at = own.find(slot, tag)
        if at < 0:
            at = self._place(slot, tag, index)
        head = own.heads[at + 1]
        if index > head >> _AT:
            head = self._expire(at, head, index)
        total = head & _TOTAL
        cell = at // WAY * RING + (head >> _AT & 63)
        units = max(-own.cells[cell], min(units, _TOTAL - total))
        own.cells[cell] += units
        own.heads[at + 1] = head + units

    def wait(self, key: bytes, now: float) -> float:
        """Seconds until there is room for one, if nobody else comes; 0 if there is."""
        index = int((now - self._began) * self._per)
        rings = self._rings(key, index)
        over = sum(sum(each) for each in rings) - self.most + 1
        if over <= 0:
            return 0.0
        # Nearly always one leaves with the oldest sub-window that has anything.
        age = min(_first(each) for each in rings) // self._width
        while True:
            over -= sum(each[age] for each in rings)
            age += 1
            if over <= 0:
                return max(0.0, (index + age) * self._sub - (now - self._began))

    # --- rings -----------------------------------------------------------------------------------

    def _look(self) -> None:
        """There are further workers."""
        self._seen = self._live[0]
        self._others = self._row.others(self._width)

    def _until(self, index: int) -> int:
        """What a slot that was last counted in at this sub-window has behind its head."""
        return ceil((index + RING) * self._sub * 1000) << _UNTIL | self.most

    def _read(self, slots: Slots, at: int, index: int, head: int) -> int:
        """What counts of a ring at this sub-window, as one number."""
        ahead = index - (head >> _AT)
        if ahead >= RING:
            return 0
        start = at // WAY * self._bytes
        ring = int.from_bytes(slots.memory[start : start + self._bytes], "little")
        return ring & self._masks[(head >> _AT & 63) * RING + ahead] if ahead > 0 else ring

    def _living(self, slots: Slots, at: int, index: int) -> int:
        """The sum of a ring of another worker, who may count there meanwhile."""
        head = slots.heads[at + 1]
        while True:
            ring = self._read(slots, at, index, head)
            before, head = head, slots.heads[at + 1]
            if head == before:
                return ring % self._modulus

    def _expire(self, at: int, head: int, index: int) -> int:
        """Forget what is over, in our own row. Returns the head."""
        own = self._own
        ring = self._read(own, at, index, head)
        start = at // WAY * self._bytes
        own.memory[start : start + self._bytes] = ring.to_bytes(self._bytes, "little")
        total = ring % self._modulus
        head = index << _AT | (SUBS << _AGE if total else 0) | total
        own.heads[at + 1] = head
        own.heads[at + 2] = self._until(index)
        return head

    def _rings(self, key: bytes, index: int) -> "list[memoryview[int]]":
        """Of each worker that has counted it, the oldest sub-window first."""
        tag = hash(key) ^ self._salt or 1
        slot = (tag & self._slots) * WAY
        if self._live[0] != self._seen:
            self._look()
        oldest = (index + 1 & 63) * self._width
        found = []
        for slots in (self._own, *self._others):
            at = slots.find(slot, tag)
            if at >= 0:
                ring = self._read(slots, at, index, slots.heads[at + 1])
                cells = ring.to_bytes(self._bytes, "little")
                rolled = memoryview(cells[oldest:] + cells[:oldest])
                found.append(rolled.cast(FORMATS[self._width]))
        return found

    def _place(self, slot: int, tag: int, index: int) -> int:
        """A slot for a key that has none: an empty one, or the one with the least to lose."""
        heads = self._own.heads
        now = int(index * self._sub * 1000)
        at, least = slot, 2.0
        for each in self._own.set_of(slot):
            share = 0.0
            if heads[each]:
                until = heads[each + 2]
                if until >> _UNTIL > now:
                    share = (heads[each + 1] & _TOTAL) / (until & MOST)
            if share < least:
                at, least = each, share
                if not share:
                    break
        self._clear(at)
        heads[at + 1] = index << _AT
        heads[at + 2] = self._until(index)
        heads[at] = tag
        return at

    def _clear(self, at: int) -> None:
        start = at // WAY * self._bytes
        self._own.memory[start : start + self._bytes] = bytes(self._bytes)


def _first(ring: "memoryview[int]") -> int:
    """Bytes before the first that is not 0."""
    cells = bytes(ring)
    return len(cells) - len(cells.lstrip(b"\0"))
