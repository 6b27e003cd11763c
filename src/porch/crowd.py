"""Crowd: who is here and how often, of each client, by all workers, in memory of a fixed size.

No keys are kept. A client has two places of many, by a hash of its address, and counts in both;
the lesser of the two is what is believed (a count-min sketch). Who shares both with somebody who
is at a bound would be refused for him: with as many as 78 such clients (20,000 connections at 256
each) that is one client in 700,000. A flood of addresses takes no more memory than one.

Every worker writes a row of its own and sums up all of them, so that no lock is needed: two that
count in the same moment may let in one more each. The row of a worker that has ended is emptied,
for its connections have ended too. The hash is SipHash with a secret of this door's processes.
"""

from porch import clock
from porch.shared import Memory

__all__ = ["EVERYBODY", "PLACES", "Crowd", "CrowdTable"]

PLACES = 1 << 16
EVERYBODY = b"*"
"""Counts as one more client."""
_KINDS = 3
"""Who is here; who came in the even seconds, and in the odd ones."""
_LARGEST = 0xFFFF
_ROW = _KINDS * PLACES


class CrowdTable:
    """rows: of workers, the first of which is nobody's; 768 KiB each, of which what was never
    written takes no memory."""

    __slots__ = ("_live", "_memory", "cells")

    def __init__(self, rows: int) -> None:
        size = (1 + rows * _ROW) * 4
        self._memory = Memory("porch crowd", size)
        memory = self._memory.view().cast("I")
        self._live = memory[:1]
        self.cells = memory[1:]

    def __repr__(self) -> str:
        return f"<CrowdTable {self._live[0]} rows in use>"

    @property
    def live(self) -> int:
        """How many rows are in use, from the first."""
        return self._live[0]

    def row(self, number: int) -> "Crowd":
        """For the worker that counts there. All others look at it from now on."""
        self._live[0] = max(self._live[0], number + 1)
        return Crowd(self, number)

    def clear(self, number: int) -> None:
        """The worker of this row has ended, and all who were connected to it."""
        row = self.cells[number * _ROW : (number + 1) * _ROW]
        for start in range(0, _ROW, PLACES):
            part = row[start : start + PLACES]
            if any(part):  # what was never written stays no memory
                part[:] = memoryview(bytes(4 * PLACES)).cast("I")


class Crowd:
    """What one worker counts, and all others with it."""

    __slots__ = ("_own", "_table")

    def __init__(self, table: CrowdTable, own: int) -> None:
        self._table = table
        self._own = own * _ROW

    def enter(self, client: bytes) -> None:
        """One more connection of this client."""
        self._add(client, 1)

    def leave(self, client: bytes) -> None:
        """One less."""
        self._add(client, -1)

    def here(self, client: bytes) -> int:
        """Its connections now, with all workers."""
        cells, end = self._table.cells, self._table.live * _ROW
        one, other = _places(client)
        return min(sum(cells[one:end:_ROW]), sum(cells[other:end:_ROW]))

    def arrive(self, client: bytes) -> None:
        """It has come once more."""
        second = int(clock.monotonic())
        cells, tag = self._table.cells, second & _LARGEST
        at = self._own + (1 + second % 2) * PLACES
        for place in _places(client):
            cell = cells[at + place]
            count = cell & _LARGEST if cell >> 16 == tag else 0
            cells[at + place] = tag << 16 | min(count + 1, _LARGEST)

    def came(self, client: bytes) -> float:
        """How often in the last second, with all workers: what came in this one, and of the one
        before as much as is less than a second ago if it came evenly."""
        now = clock.monotonic()
        second = int(now)
        return self._in(client, second) + self._in(client, second - 1) * (1 - (now - second))

    def _in(self, client: bytes, second: int) -> int:
        cells, end, tag = self._table.cells, self._table.live * _ROW, second & _LARGEST
        at = (1 + second % 2) * PLACES
        return min(
            sum(cell & _LARGEST for cell in cells[at + place : end : _ROW] if cell >> 16 == tag)
            for place in _places(client)
        )

    def _add(self, client: bytes, number: int) -> None:
        cells, own = self._table.cells, self._own
        for place in _places(client):
            cells[own + place] = max(cells[own + place] + number, 0)


def _places(client: bytes) -> tuple[int, int]:
    """Two of PLACES; the same one twice would count twice in it."""
    drawn = hash(client)
    one, other = drawn % PLACES, (drawn >> 20) % PLACES
    return one, other if other != one else (one + 1) % PLACES
