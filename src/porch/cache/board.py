"""The board: memory that all workers of a disk store share, and that no file lies behind.

A memfd: a full disk cannot fail a write to it, and marks cost no disk. Numbers are written by one
store of eight bytes; all but the marks under the lock of a write, or by who alone may.
"""

import mmap
import os
import sys

__all__ = ["GENERATIONS", "Board"]

NUMBERS = 64
GENERATIONS = 4096
GHOSTS = 1 << 19
MARKS = 1 << 22

_GHOSTS_AT = NUMBERS + GENERATIONS
_MARKS_AT = (_GHOSTS_AT + GHOSTS) * 8
SIZE = _MARKS_AT + MARKS
"""Bytes: 8.4 million. What was never written takes no memory."""

(
    ERA,
    GENERATION,
    PURGES,
    BANNED,
    CLEARED,
    SWEEP_KIND,
    SWEEP_AT,
    SWEEP_FROM,
    SWEPT,
    SWEEPS,
    SAID,
    EVICTED,
    EXPIRED,
    DAMAGED,
    REFUSED,
    VERSION,
    WRITES,
    WAYS,
) = range(18)


class Board:
    """descriptor: of the memory, from `make`; it stays the caller's.

    numbers: by the names above. ERA: which of the databases is in use. GENERATION: the last number
    that was drawn. PURGES: how many purges there were; BANNED: the last of more than one key;
    CLEARED: the same if none is looked at any more. SWEEP_KIND, SWEEP_AT: how far the sweep is;
    SWEEP_FROM: how many purges there were when it began; SWEPT: the same of the last that went all
    the way; SWEEPS: steps. SAID: when trouble was last told of. EVICTED, EXPIRED, DAMAGED,
    REFUSED: see Stat. VERSION: of all that is shared and stored. WRITES: how many there were.
    WAYS and the one behind it: see ways.Attended.
    generations, ghosts, marks: see Store, eviction.
    """

    __slots__ = ("_memory", "generations", "ghosts", "marks", "numbers")

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, SIZE)
        whole = memoryview(self._memory)
        cells = whole[:_MARKS_AT].cast("q")
        self.numbers = cells[:NUMBERS]
        self.generations = cells[NUMBERS:_GHOSTS_AT]
        self.ghosts = whole[_GHOSTS_AT * 8 : _MARKS_AT].cast("Q")
        self.marks = whole[_MARKS_AT:]

    @staticmethod
    def make() -> int:
        """A descriptor of new memory, all 0."""
        descriptor = os.memfd_create("porch cache")
        os.ftruncate(descriptor, SIZE)
        return descriptor

    def draw(self) -> int:
        """A number that was never one of the generations. Under the lock of a write."""
        self.numbers[GENERATION] = number = self.numbers[GENERATION] + 1
        return number

    def show(self, cell: int, number: int) -> None:
        """It is one from now on; cell -1: it is all of them. When what it stands for is done:
        who shows theirs in another order than they drew changes the cell all the same."""
        if cell >= 0:
            self.generations[cell] = number
        else:
            same = number.to_bytes(8, sys.byteorder) * GENERATIONS
            self.generations[:] = memoryview(same).cast("q")
