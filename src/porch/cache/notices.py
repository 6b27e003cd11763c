"""Notices: what one worker has let go of, so that stores in the memory of others do too.

Memory that all workers share. Each has a row of it, in which it alone writes: what was forgotten or
purged, round and round, and how far that goes. One number is another one whenever anybody has
written: who finds it as it was has nothing to read. A worker that is killed in the middle of a
notice has said nothing; one that was stopped reads on when it goes on, and takes what was written
over meanwhile for a purge of everything. Nobody waits for anybody.
"""

import mmap
import os
import struct
import sys

__all__ = ["GENERATIONS", "RING", "Notice", "Notices"]

GENERATIONS = 4096
RING = 32 * 1024
"""Bytes of notices that a row has at a time: a thousand forgotten keys."""

_LATEST, _ALL, _WAYS, _UNTIL, _NUMBERS = range(5)
_HEAD = (_NUMBERS + GENERATIONS) * 8
_ROW = 2 * 8 + RING
"""How far it is written, from where on it can be read, and the ring."""
_PLACE = struct.Struct("<HB?")
"""How long the value is, of what kind, and whether softly."""
_KINDS = ("key", "all", "url", "prefix", "host", "tag")

Notice = tuple[str, bytes, bool]
"""A store.Scope or "key", its value, and whether it is only stale from now on."""
EVERYTHING: Notice = ("all", b"", False)


class Notices:
    """memory: of as many rows as `make` was told. row: in which this worker writes; 0 has no ring:
    of a worker for whom none was left, all that it lets go of is everything.

    generations: see Store. latest: one cell, another number whenever there may be something to
    hear. Numbers that are written are random ones of 63 bits, so that no two are alike, whoever
    writes them. ways: two cells for ways.Attended.
    """

    __slots__ = (
        *("_cells", "_ends", "_heard", "_heard_all", "_rings", "_row", "_starts"),
        *("generations", "latest", "ways"),
    )

    def __init__(self, memory: mmap.mmap, row: int) -> None:
        rows = (len(memory) - _HEAD) // _ROW
        whole = memoryview(memory)
        rings_at = _HEAD + 16 * rows
        cells = whole[:rings_at].cast("q")
        self._cells = cells
        self.latest = cells[_LATEST : _LATEST + 1]
        self.ways = cells[_WAYS : _UNTIL + 1]
        self.generations = cells[_NUMBERS : _NUMBERS + GENERATIONS]
        self._ends = cells[_NUMBERS + GENERATIONS :][:rows]
        self._starts = cells[_NUMBERS + GENERATIONS + rows :]
        self._rings = whole[rings_at:]
        self._row = row
        self._heard_all = cells[_ALL]
        self._heard = self._ends.tolist()

    def __repr__(self) -> str:
        return f"<Notices of {self._row}, {len(self._ends)} rows>"

    @staticmethod
    def make(rows: int) -> int:
        """A descriptor of new memory; of what was never written it takes none."""
        descriptor = os.memfd_create("porch cache notices")
        os.ftruncate(descriptor, Notices.size(rows))
        return descriptor

    @staticmethod
    def size(rows: int) -> int:
        """Bytes of the memory."""
        return _HEAD + rows * _ROW

    @classmethod
    def of(cls, descriptor: int, row: int) -> "Notices":
        """Of one worker. The descriptor stays the caller's."""
        return cls(mmap.mmap(descriptor, 0), row)

    @classmethod
    def alone(cls) -> "Notices":
        """For who has nobody to tell."""
        return cls(mmap.mmap(-1, _HEAD + 2 * _ROW), 1)

    def tell(self, notices: list[Notice], cell: int = -1) -> None:
        """All others hear of it from now on. cell: of the generations, that of these keys; -1 for
        all of them. Of who tells, it is done."""
        if self._row == 0 or not self._write(notices):
            self._cells[_ALL] = _drawn()
            cell = -1
        self.latest[0] = _drawn()
        self.touch(cell)

    def hear(self) -> list[Notice]:
        """What others have told since this was asked last. Whoever told it before `latest` was
        read is heard."""
        found: list[Notice] = []
        if self._heard_all != self._cells[_ALL]:
            self._heard_all = self._cells[_ALL]
            found.append(EVERYTHING)
        ends, heard = self._ends.tolist(), self._heard
        for row in range(1, len(ends)):
            if ends[row] != heard[row] and row != self._row:
                found += self._read(row, heard[row], ends[row])
        self._heard = ends
        return found

    def touch(self, cell: int) -> None:
        """A new number for one of the generations; -1 for all of them."""
        number = _drawn()
        if cell >= 0:
            self.generations[cell] = number
        else:
            same = number.to_bytes(8, sys.byteorder) * GENERATIONS
            self.generations[:] = memoryview(same).cast("q")

    def _write(self, notices: list[Notice]) -> bool:
        """False where they are too long for a ring."""
        if sum(_PLACE.size + len(value) for _, value, _ in notices) > RING // 2:
            return False
        data = b"".join(
            _PLACE.pack(len(value), _KINDS.index(kind), soft) + value
            for kind, value, soft in notices
        )
        row, at = self._row, self._ends[self._row]
        end = at + len(data)
        # What is written over is not to be read any more, and what is written not before all is.
        self._starts[row] = max(self._starts[row], end - RING)
        first, place = row * RING, at % RING
        fits = min(len(data), RING - place)
        self._rings[first + place : first + place + fits] = data[:fits]
        self._rings[first : first + len(data) - fits] = data[fits:]
        self._ends[row] = end
        return True

    def _read(self, row: int, at: int, end: int) -> list[Notice]:
        ring = self._rings[row * RING : (row + 1) * RING]
        place, size = at % RING, end - at
        data = bytes(ring[place : place + size])
        data += bytes(ring[: size - len(data)])
        if self._starts[row] > at:
            return [EVERYTHING]
        found, place = [], 0
        while place < len(data):
            size, kind, soft = _PLACE.unpack_from(data, place)
            place += _PLACE.size
            found.append((_KINDS[kind], data[place : place + size], soft))
            place += size
        return found


def _drawn() -> int:
    return int.from_bytes(os.urandom(8), "little") >> 1
