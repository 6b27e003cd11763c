"""Recent: the last exchanges, in memory that all processes of the door see.

Each worker writes their lines into a ring of its own, as the access log in JSON has them: made
once for both. Those that went wrong are in a second ring besides, each with its details behind
it, so that good ones do not push them out, and those that took several attempts and came to a good
end in a third. Nothing is locked: a writer says first up to where it
will write, and a reader that has been overtaken lets go of what was written over meanwhile.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from porch.exchange import Exchange
from porch.observe.details import details
from porch.observe.ended import Batch
from porch.observe.json_lines import json_lines
from porch.shared import Memory

__all__ = ["BAD", "LAST", "RETRIED", "Marks", "Recent", "RecentTable", "is_ours"]

LAST = 10_000 * 512
"""Bytes of lines that are kept of all workers together: 10,000 of a usual length, and then some. A
worker has its share of them."""
BAD = 2_000 * 1024
"""The same of those that went wrong."""
RETRIED = 500 * 1024
"""The same of those of which an attempt failed, and another did not: 8 MB in all; what was never
written takes no memory."""
BAD_AT_ONCE = 8
"""Of those that ended together, as many of each kind as are written with all that is known: 20 us
each."""
_ROOM = 1024
"""Bytes of the details of one."""

Record = dict[str, Any]
"""A line of the access log, read; one that went wrong, or took several attempts, with `tried` and
`sent` (details.py)."""


Marks = Mapping[int, int]
"""By row: behind what is known already."""


class _Ring:
    """size: bytes in use of `most`. In front four numbers: those, up to where it is being written,
    up to where it was, and from where on it holds. Places count all bytes ever written."""

    __slots__ = ("_head", "_memory")

    _SIZE, _CLAIMED, _WRITTEN, _FIRST = range(4)
    HEAD = 32

    def __init__(self, memory: memoryview) -> None:
        self._head = memory[: self.HEAD].cast("Q")
        self._memory = memory[self.HEAD :]

    def use(self, size: int) -> None:
        """Write to so much of it from now on."""
        head = self._head
        if head[self._SIZE] != size:
            head[self._FIRST] = head[self._CLAIMED] = head[self._WRITTEN]
            head[self._SIZE] = size

    @property
    def written(self) -> int:
        return self._head[self._WRITTEN]

    def write(self, lines: bytes) -> None:
        head, memory = self._head, self._memory
        size, at = head[0], head[2]
        if len(lines) > size:
            at += len(lines) - size
            lines = lines[-size:]
        head[1] = at + len(lines)
        start = at % size
        room = size - start
        if len(lines) <= room:
            memory[start : start + len(lines)] = lines
        else:
            memory[start:size] = lines[:room]
            memory[: len(lines) - room] = lines[room:]
        head[2] = at + len(lines)

    def read(self, mark: int) -> tuple[bytes, int]:
        """The lines behind a place, without one of which the beginning is gone, and the place
        behind them. A place that never was is none: all there is."""
        head = self._head
        size, end = head[self._SIZE], head[self._WRITTEN]
        if not size:
            return b"", 0
        first = max(head[self._FIRST], end - size)
        start = mark if first <= mark <= end else first
        data = self._copied(start, end, size)
        lost = head[self._CLAIMED] - size - start
        if lost > 0:
            data, start = data[lost:], start + lost
        if start != mark and start != head[self._FIRST]:
            data = data[data.find(b"\n") + 1 :]
        return data, end

    def _copied(self, start: int, end: int, size: int) -> bytes:
        at, count = start % size, end - start
        if at + count <= size:
            return bytes(self._memory[at : at + count])
        return bytes(self._memory[at:size]) + bytes(self._memory[: at + count - size])


class RecentTable:
    """rows: of workers; row 0 is nobody's. descriptor: of its memory; given one, the table is what
    others have written there."""

    __slots__ = ("_bad", "_last", "_memory", "_retried", "descriptor", "rows")

    def __init__(self, rows: int, descriptor: int = -1) -> None:
        self._memory = Memory("porch recent", self.size(rows), descriptor)
        self.descriptor = self._memory.descriptor
        self.rows = rows
        memory = self._memory.view()
        sizes = [_Ring.HEAD + each for each in (LAST, BAD, RETRIED)]
        rings: tuple[list[_Ring], list[_Ring], list[_Ring]] = [], [], []
        self._last, self._bad, self._retried = rings
        at = 0
        for _ in range(rows):
            for ring, size in zip(rings, sizes, strict=True):
                ring.append(_Ring(memory[at : at + size]))
                at += size

    @staticmethod
    def size(rows: int) -> int:
        """Bytes of a table."""
        return rows * (3 * _Ring.HEAD + LAST + BAD + RETRIED)

    def __repr__(self) -> str:
        return f"<RecentTable {self.rows} rows, {sum(each.written for each in self._last)} bytes>"

    def row(self, number: int, workers: int) -> "Recent":
        """For the one worker that writes there, of so many."""
        last, bad, retried = self._last[number], self._bad[number], self._retried[number]
        last.use(LAST // workers)
        bad.use(BAD // workers)
        retried.use(RETRIED // workers)
        return Recent(last, bad, retried)

    def marks(self) -> dict[int, int]:
        """Behind what is there by now."""
        return {row: ring.written for row, ring in enumerate(self._last) if ring.written}

    def since(self, marks: Marks, most: int | None = None) -> tuple[list[Record], dict[int, int]]:
        """Exchanges that have ended behind `marks`, in order of their ends, and marks behind
        these. marks: of rows, {} for all that are there. most: of each worker, the newest; None
        for all. 4 us each."""
        return _since(self._last, marks, most)

    def bad_since(self, marks: Marks, most: int) -> tuple[list[Record], dict[int, int]]:
        """The same of those that went wrong."""
        return _since(self._bad, marks, most)

    def lines(self, marks: Mapping[int, int], most: int) -> tuple[bytes, dict[int, int]]:
        """Lines of those that have ended behind `marks`, as they were written, those of one worker
        behind those of another; and marks behind these. most: bytes of all, the newest of each
        worker, whose first line may lack its beginning then."""
        found: list[bytes] = []
        reached: dict[int, int] = {}
        written = {row: ring.written for row, ring in enumerate(self._last)}
        share = most // max(1, sum(at != marks.get(row, 0) for row, at in written.items()))
        for row, ring in enumerate(self._last):
            start = max(marks.get(row, -1), written[row] - share)
            lines, mark = ring.read(start if start > 0 else -1)
            found.append(lines)
            if mark:
                reached[row] = mark
        return b"".join(found), reached

    def bad(self) -> list[Record]:
        """Those that went wrong, in order of their ends."""
        return _since(self._bad, {}, None)[0]

    def find(self, name: str) -> Record | None:
        """The latest with this id."""
        wanted = b'"id":%b' % json.dumps(name).encode()
        found: list[Record] = []
        for rings in (self._bad, self._retried, self._last):
            for ring in rings:
                lines = ring.read(-1)[0]
                at = lines.rfind(wanted)
                if at >= 0:
                    end = lines.find(b"\n", at)
                    found.append(json.loads(lines[lines.rfind(b"\n", 0, at) + 1 : end]))
            if found:
                break
        return max(found, key=_end, default=None)


def _since(
    rings: Sequence[_Ring], marks: Marks, most: int | None
) -> tuple[list[Record], dict[int, int]]:
    found: list[Record] = []
    reached: dict[int, int] = {}
    for row, ring in enumerate(rings):
        data, mark = ring.read(marks.get(row, -1))
        lines = data.splitlines()
        if most is not None:
            lines = lines[-most:]
        found += [json.loads(line) for line in lines]
        if mark:
            reached[row] = mark
    return sorted(found, key=_end), reached


def _end(record: Record) -> str:
    """When it ended; times of one form are in order as texts."""
    return str(record["time"])


class Recent:
    """An observer (ended.py): a worker's own rings."""

    __slots__ = ("_bad", "_last", "_retried")

    def __init__(self, last: _Ring, bad: _Ring, retried: _Ring) -> None:
        self._last = last
        self._bad = bad
        self._retried = retried

    def take(self, batch: Batch) -> None:
        """Write their lines: where a log has the same it is next to nothing, else 2 us each; 20
        where it went wrong or was tried again."""
        self._last.write(batch.lines(json_lines))
        told = [
            each
            for each in batch.exchanges
            if each.error is not None or each.status >= 500 or each.tried
        ]
        if told:
            _write(self._bad, [each for each in told if _is_bad(each) and is_ours(each)])
            _write(self._retried, [each for each in told if each.tried and not _is_bad(each)])

    def flush(self) -> None:
        """All is written already."""

    close = flush


def _is_bad(exchange: Exchange) -> bool:
    return exchange.error is not None or exchange.status >= 500


def _write(ring: _Ring, exchanges: Sequence[Exchange]) -> None:
    """With all that is known."""
    for exchange in exchanges[:BAD_AT_ONCE]:
        line = json_lines([exchange])
        more = details(exchange, _ROOM)
        ring.write(line if more == b"{}" else b"%b,%b\n" % (line[:-2], more[1:]))


def is_ours(exchange: Exchange) -> bool:
    """Whether somebody should look at it: neither what a client did wrong, nor what the door says
    by its configuration (a busy worker's 503, `respond:503`), which may be thousands a second."""
    error = exchange.error
    return exchange.endpoint is not None if error is None else error.source != "client"
