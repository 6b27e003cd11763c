"""Bucket: evenly so many in any so long, and so many at once (GCRA).

Each key has one number, the time at which nothing of what it took stands against it any more. Who
comes moves it on by the time that one is worth, from now on if it lies in the past; there is room
as long as it lies no more than `burst` of these ahead. Each worker writes its own, and the latest
of all counts.

Two workers may let one in at the same moment, from the same time on. Each looks again when it has
written, and adds what the others have added meanwhile: in any time t at most burst + t / interval
pass, and one more for each further worker. See tests/shield/test_limit_bucket.py.
"""

from porch.shield.limit_table import MIDDLE, SET, TAGS, WAY, LimitRow, Slots

__all__ = ["Bucket"]

_NANO = 1_000_000_000
_from_bytes = int.from_bytes


class Bucket:
    """most: units in `seconds`. burst: how many at once, 1 at least. row, name: see Window."""

    __slots__ = (
        "_began",
        "_depth",
        "_interval",
        "_live",
        "_others",
        "_own",
        "_places",
        "_row",
        "_secret",
        "_seen",
        "burst",
        "most",
        "seconds",
    )

    def __init__(self, row: LimitRow, name: str, most: int, seconds: float, burst: int) -> None:
        self.most = most
        self.seconds = seconds
        self.burst = burst
        self._interval = max(1, round(seconds * _NANO / most))
        self._depth = burst * self._interval
        self._row = row
        self._own = row.table.slots(row.own, 0)
        self._live = row.table.live
        self._seen = 0
        self._others: list[Slots] = []
        self._secret = row.table.secret(name)
        self._places = row.table.keys - 1 << 2
        self._began = row.table.began

    def __repr__(self) -> str:
        return f"<Bucket {self.most} in {self.seconds:g} s, {self.burst} at once>"

    def take(self, key: bytes, now: float, units: int = 1) -> int:
        """See Window."""
        tag = _from_bytes(key, "big") * self._secret >> MIDDLE & TAGS or 1
        slot = tag & self._places
        moment = int((now - self._began) * _NANO)
        free = self._latest(slot, tag, moment)
        left = self._depth - (free - moment) - units * self._interval
        if left < 0:
            return -1
        if not units:
            return left // self._interval or -1
        self._move(slot, tag, moment, free, self._interval)
        return left // self._interval

    def charge(self, key: bytes, now: float, units: int) -> None:
        """See Window."""
        tag = _from_bytes(key, "big") * self._secret >> MIDDLE & TAGS or 1
        slot = tag & self._places
        moment = int((now - self._began) * _NANO)
        if units < 0:
            own = self._own
            at = own.find(slot, tag)
            if at >= 0:
                own.heads[at + 1] = max(moment, own.heads[at + 1] + units * self._interval)
            return
        free = self._latest(slot, tag, moment)
        # A bound that no clock reaches: it stands for "not within any time that matters".
        self._move(slot, tag, moment, free, min(units * self._interval, 1 << 60))

    def wait(self, key: bytes, now: float) -> float:
        """See Window."""
        tag = _from_bytes(key, "big") * self._secret >> MIDDLE & TAGS or 1
        moment = int((now - self._began) * _NANO)
        free = self._latest(tag & self._places, tag, moment)
        return max(0, free + self._interval - self._depth - moment) / _NANO

    def _latest(self, slot: int, tag: int, moment: int) -> int:
        """When nothing stands against the key any more, and not before `moment`."""
        own = self._own
        if self._live[0] != self._seen:
            self._seen = self._live[0]
            self._others = self._row.others(0)
        at = slot if own.heads[slot] == tag else own.find(slot, tag)
        if at >= 0 and own.heads[at + 1] > moment:
            moment = own.heads[at + 1]
        for other in self._others:
            at = slot if other.heads[slot] == tag else other.find(slot, tag)
            if at >= 0 and other.heads[at + 1] > moment:
                moment = other.heads[at + 1]
        return moment

    def _move(self, slot: int, tag: int, moment: int, free: int, by: int) -> None:
        """Have `by` stand against the key, behind `free`, which was the latest of all."""
        own = self._own
        at = own.find(slot, tag)
        if at < 0:
            at = self._place(slot, tag, moment)
        own.heads[at + 1] = min(free + by, 1 << 62)
        for other in self._others:
            there = other.find(slot, tag)
            if there >= 0 and other.heads[there + 1] > free:  # it has taken at the same moment
                own.heads[at + 1] = min(own.heads[at + 1] + other.heads[there + 1] - free, 1 << 62)

    def _place(self, slot: int, tag: int, moment: int) -> int:
        """A slot for a key that has none."""
        heads = self._own.heads
        at = self._least(slot, moment) if heads[slot] else slot
        heads[at + 1] = 0
        heads[at + 2] = self._depth
        heads[at] = tag
        return at

    def _least(self, slot: int, moment: int) -> int:
        """Of the set of this slot an empty one, or the one with the least to lose."""
        start = slot & -SET
        heads = self._own.heads[start : start + SET].tolist()
        at, least = 0, 2.0
        for each in range(0, SET, WAY):
            ahead = heads[each + 1] - moment
            if not heads[each] or ahead <= 0:
                return start + each
            share = ahead / heads[each + 2]
            if share < least:
                at, least = each, share
        return start + at
