"""Account: until when what a key has taken stands against it, with all workers together.

One number a key, the time at which nothing of what it took stands against it any more. Who takes
moves it on by what that is worth in time. Each worker writes its own, and the latest of all counts.

Two workers may take at the same moment, from the same time on. Each looks again when it has
written, and adds what the others have added meanwhile.
"""

from porch.shield.limit_table import SET, WAY, LimitRow, Slots

__all__ = ["NANO", "Account"]

NANO = 1_000_000_000
"""Of a second: times here are counted so, from when the table began."""


class Account:
    """Accounts of all keys of one name. depth: how far ahead, in ns, one lies that has taken much:
    of those that share a set the one with the least share of it goes first. row, name: see
    Window."""

    __slots__ = (
        "_began",
        "_depth",
        "_live",
        "_others",
        "_own",
        "_places",
        "_row",
        "_secret",
        "_seen",
    )

    def __init__(self, row: LimitRow, name: str, depth: int) -> None:
        self._row = row
        self._own = row.table.slots(row.own, 0)
        self._live = row.table.live
        self._seen = 0
        self._others: list[Slots] = []
        self._secret = row.table.secret(name)
        self._depth = depth
        self._began = row.table.began
        self._places = row.table.keys - 1 << 2

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
