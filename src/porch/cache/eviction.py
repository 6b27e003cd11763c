"""Eviction: which of the stored answers goes when there is no room.

S3-FIFO (Yang et al., SOSP 2023) done in place as SIEVE (Zhang et al., NSDI 2024) does it. Answers
stand in a line in the order in which they came. The newest tenth of the bytes, from `border` on, is
on trial: who was not seen by the time that it leaves that tenth goes, and a ghost remembers it for
a while; the rest is the main part, where a hand goes round and takes who was not seen since it last
came. A hit sets a mark and moves nothing. Hit ratios beside LRU's: bench/eviction.py.
"""

from bisect import bisect_left
from typing import Protocol

import msgspec

__all__ = ["LOOKS", "Ghost", "Hands", "Line", "Numbers", "Queue", "Sieve"]

LOOKS = 64
"""Marks that one search takes away at most: it bounds what a write costs."""
TRIAL = 10
"""One part of so many of all bytes is on trial."""


class Numbers(Protocol):
    """Cells that can be written: an array, a bytearray, a view of shared memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> int: ...

    def __setitem__(self, index: int, value: int, /) -> None: ...


class Queue(Protocol):
    """The answers in the order in which they came. A position is a number that only grows."""

    def following(self, position: int) -> tuple[int, int] | None:
        """The first that stands at `position` or behind it, and its bytes; None for the end."""


class Hands(msgspec.Struct, array_like=True):
    """What a search remembers. small: bytes that stand at `border` or behind it."""

    hand: int = 0
    border: int = 0
    small: int = 0


class Ghost:
    """Who went unseen of late. cells: 64-bit numbers, a power of two of them; may be shared.

    Half of a cell is what tells keys apart, half when it went: four billion positions later it
    is taken for another time, which does no harm.
    """

    __slots__ = ("_cells", "_mask")

    def __init__(self, cells: Numbers) -> None:
        self._cells = cells
        self._mask = len(cells) - 1

    def remember(self, key: int, position: int) -> None:
        """The answer with this key (a hash of 64 bits) goes when `position` is the newest."""
        self._cells[key & self._mask] = (key >> 32) << 32 | (position & 0xFFFFFFFF)

    def recall(self, key: int, position: int) -> int | None:
        """How many answers have come since it went; None where nothing is known of it."""
        cell = self._cells[key & self._mask]
        return (position - cell) & 0xFFFFFFFF if cell and cell >> 32 == key >> 32 else None


class Sieve:
    """Finds who is to go. marks: a byte a position, round and round; a power of two of them."""

    __slots__ = ("_marks", "_mask")

    def __init__(self, marks: Numbers) -> None:
        self._marks = marks
        self._mask = len(marks) - 1

    def seen(self, position: int) -> None:
        """It was served: counted to 255, then nothing is written any more."""
        slot = position & self._mask
        if (count := self._marks[slot]) < 255:
            self._marks[slot] = count + 1

    def enter(self, hands: Hands, position: int, cost: int, *, is_known: bool) -> None:
        """It has come, behind all others or not far from there. is_known: to the ghost; it has
        passed its trial."""
        if position >= hands.border:
            hands.small += cost
        self._marks[position & self._mask] = is_known

    def leave(self, hands: Hands, position: int, cost: int) -> None:
        """It is there no longer, for whatever reason. Before the queue forgets its position."""
        if position >= hands.border:
            hands.small = max(0, hands.small - cost)

    def victim(self, queue: Queue, hands: Hands, used: int) -> tuple[int, bool] | None:
        """Who goes next, and whether on trial, for the ghost. None if there is nobody.

        used: bytes of all in the queue. After LOOKS marks the next goes, seen or not.
        """
        looks = LOOKS
        has_main = True
        while True:
            if hands.small * TRIAL > used or not has_main:
                found = queue.following(hands.border)
                if found is None:
                    hands.small = 0
                    if not has_main and queue.following(0) is None:
                        return None
                    has_main = True
                    continue
                position, cost = found
                if not self._spare(position, looks):
                    hands.border = position
                    return position, True
                hands.border = position + 1
                hands.small = max(0, hands.small - cost)
            else:
                found = queue.following(hands.hand)
                if found is None or found[0] >= hands.border:
                    has_main = hands.hand != 0
                    hands.hand = 0
                    continue
                position = found[0]
                hands.hand = position + 1
                if not self._spare(position, looks):
                    return position, False
            has_main = True
            looks -= 1

    def _spare(self, position: int, looks: int) -> bool:
        """Whether it was seen; it has to be seen anew then."""
        slot = position & self._mask
        is_seen = self._marks[slot] > 0
        self._marks[slot] = 0
        return is_seen and looks > 0


class Line:
    """A queue in this process's memory."""

    __slots__ = ("_costs", "_order")

    def __init__(self) -> None:
        self._order: list[int] = []
        self._costs: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._costs)

    def add(self, position: int, cost: int) -> None:
        """Behind all others."""
        self._order.append(position)
        self._costs[position] = cost

    def drop(self, position: int) -> int:
        """Its bytes. Raises KeyError."""
        cost = self._costs.pop(position)
        if len(self._order) > 2 * len(self._costs) + 64:
            self._order = [each for each in self._order if each in self._costs]
        return cost

    def following(self, position: int) -> tuple[int, int] | None:
        """See Queue."""
        order, costs = self._order, self._costs
        for index in range(bisect_left(order, position), len(order)):
            if order[index] in costs:
                return order[index], costs[order[index]]
        return None
