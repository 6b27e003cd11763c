"""Crowd: who is here and how often, of each client, by all workers, in memory of a fixed size.

No keys are kept. A client has two places of many, by a hash of its address, and counts in both;
the lesser of the two is what is believed (a count-min sketch). Who shares both with somebody who
is at a bound would be refused for him: with as many as 78 such clients (20,000 connections at 256
each) that is one client in 700,000. A flood of addresses takes no more memory than one.

Every worker writes a row of its own and sums up all of them, so that no lock is needed: two that
count in the same moment may let in one more each. The row of a worker that has ended is emptied,
for its connections have ended too. The hash is a multiplication by a secret number, of whose
product bits from the middle are taken (multiply-shift, Dietzfelbinger 1997). The secret stands in
the memory, so that a new version of the door finds whom the old one's workers still serve; that of
Python's own hash would be another one.
"""

import os
import secrets

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
_LAYOUT = 1
"""Of this memory and of what is counted in it. Another number is not understood by this version."""
_PAGE = 4096
_SECRET = slice(64, 128)
_MIDDLE = 256
_DRAWN = (1 << 36) - 1
_REMEMBERED = 4096


class CrowdTable:
    """rows: of workers, the first of which is nobody's; 768 KiB each, of which what was never
    written takes no memory. descriptor: of its memory; given one, the table is what another process
    has counted there."""

    __slots__ = ("_live", "_memory", "cells", "descriptor", "secret")

    def __init__(self, rows: int, descriptor: int = -1) -> None:
        """Raises ValueError where what is there is laid out otherwise, or for other rows."""
        is_new = descriptor < 0
        size = _PAGE + rows * _ROW * 4
        found = size if is_new else os.fstat(descriptor).st_size
        self._memory = Memory("porch crowd", size, descriptor)
        self.descriptor = self._memory.descriptor
        if found != size:
            raise ValueError(f"who is here is counted in {found} bytes, not {size}")
        memory = self._memory.view()
        words = memory[:_PAGE].cast("q")
        if is_new:
            words[1] = _LAYOUT
            memory[_SECRET] = secrets.token_bytes(64)
        elif words[1] != _LAYOUT:
            raise ValueError(f"who is here is counted in layout {words[1]}, not {_LAYOUT}")
        self._live = words[:1]
        self.secret = int.from_bytes(memory[_SECRET], "big") | 1
        self.cells = memory[_PAGE:].cast("I")

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

    __slots__ = ("_own", "_places", "_table")

    def __init__(self, table: CrowdTable, own: int) -> None:
        self._table = table
        self._places = _Places(table.secret)
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
        one, other = self._places[client]
        return min(sum(cells[one:end:_ROW]), sum(cells[other:end:_ROW]))

    def arrive(self, client: bytes) -> None:
        """It has come once more."""
        second = int(clock.monotonic())
        cells, tag = self._table.cells, second & _LARGEST
        at = self._own + (1 + second % 2) * PLACES
        for place in self._places[client]:
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
            for place in self._places[client]
        )

    def _add(self, client: bytes, number: int) -> None:
        cells, own = self._table.cells, self._own
        for place in self._places[client]:
            cells[own + place] = max(cells[own + place] + number, 0)


class _Places(dict[bytes, tuple[int, int]]):
    """client -> two of PLACES; the same one twice would count twice in it. Bounded."""

    __slots__ = ("_secret",)

    def __init__(self, secret: int) -> None:
        super().__init__()
        self._secret = secret

    def __missing__(self, client: bytes) -> tuple[int, int]:
        # A 1 before it: with zeros in front it would be as without.
        drawn = int.from_bytes(b"\1" + client, "big") * self._secret >> _MIDDLE & _DRAWN
        one, other = drawn % PLACES, (drawn >> 20) % PLACES
        found = one, other if other != one else (one + 1) % PLACES
        if len(self) >= _REMEMBERED:
            self.clear()
        self[client] = found
        return found
