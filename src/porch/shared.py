"""Shared: counts that all workers see, and that no worker's death can tear.

A table of 64-bit cells in memory that a fork shares, and an exec too by its descriptor. Each worker
writes its own row and nobody else does, so that no lock is needed; who wants a total sums the rows.
A cell is written by one store of eight bytes: a worker killed in the middle of anything leaves the
old value or the new.
"""

import errno
import mmap
import os
from array import array
from collections.abc import Iterable, Iterator, MutableSequence
from contextlib import contextmanager

__all__ = ["ALONE", "Cells", "Memory", "SharedTable"]

ALONE = memoryview(array("q", (0,))).toreadonly()
"""In place of how many rows are in use: there is no table."""


_LIMITS = {
    errno.EFBIG: "the size of files (ulimit -f, LimitFSIZE)",
    errno.EMFILE: "open files (ulimit -n, LimitNOFILE)",
    errno.ENOMEM: "memory (ulimit -v, LimitAS)",
}


class Memory:
    """So many bytes that a fork shares, and an exec too by their descriptor; all 0 at first. What
    was never written takes none. Given a descriptor it is what another process has written there.

    Raises OSError that says which limit keeps it from being made.
    """

    __slots__ = ("descriptor", "size")

    def __init__(self, name: str, size: int, descriptor: int = -1) -> None:
        self.descriptor = descriptor
        self.size = size
        if descriptor < 0:
            with self._limits():
                self.descriptor = os.memfd_create(name)
                os.ftruncate(self.descriptor, size)

    def __del__(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)

    def grow(self, size: int) -> None:
        """It has so many bytes from now on."""
        self.size = size
        with self._limits():
            os.ftruncate(self.descriptor, size)

    def view(self, size: int = 0, at: int = 0) -> memoryview:
        """So many bytes of it from `at` on, a multiple of a page; 0 for all."""
        with self._limits():
            return memoryview(mmap.mmap(self.descriptor, size or self.size, offset=at))

    @contextmanager
    def _limits(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            limit = _LIMITS.get(error.errno or 0)
            if limit is None:
                raise
            size = f"{self.size / 2**20:.1f} MiB that the workers share"
            text = f"{error.strerror}: {size} need a higher limit of {limit}"
            raise OSError(error.errno, text) from error


class SharedTable:
    """rows x columns of signed 64-bit cells, all 0 at first. descriptor: of its memory; given one,
    the table is what another process has counted there.

    live: one cell, how many rows are in use, from the first. rows: each a sequence of `columns`
    numbers; a read or write costs about 40 ns. Row 0 is the
    supervisor's: what ended workers have counted. Memory that was never written costs nothing.
    """

    __slots__ = ("_cells", "_memory", "columns", "descriptor", "live", "rows")

    def __init__(self, rows: int, columns: int, descriptor: int = -1) -> None:
        size = (1 + rows * columns) * 8
        self._memory = Memory("porch counts", size, descriptor)
        self.descriptor = self._memory.descriptor
        self.columns = columns
        cells = self._memory.view().cast("q")
        self._cells = cells[1:]
        self.live = cells[:1]
        self.live[0] = max(self.live[0], 1)
        self.rows: list[MutableSequence[int]] = [
            cells[1 + row * columns : 1 + (row + 1) * columns]  # type: ignore[misc]
            for row in range(rows)
        ]

    def __repr__(self) -> str:
        return f"<SharedTable {len(self.rows)} rows, {self.live[0]} in use>"

    def use(self, row: int) -> None:
        """A worker is about to be forked that writes this row. Totals look at it from now on. Only
        the supervisor may call this: of two processes at once one would not be heard."""
        self.live[0] = max(self.live[0], row + 1)

    def column(self, column: int) -> "memoryview[int]":
        """One cell of each row that is in use."""
        end = column + self.live[0] * self.columns
        return self._cells[column : end : self.columns]

    def total(self, column: int) -> int:
        """The sum over all workers. A worker may count meanwhile: it is of about now."""
        return sum(self.column(column))

    def most(self, column: int) -> int:
        """The greatest over all workers."""
        return max(self.column(column))

    def clear(self, row: int, counters: Iterable[int] = ()) -> None:
        """The worker of this row has ended: nothing of it runs any more.

        counters: the columns that only ever grow. They move to row 0, so that no total goes
        back. Only the supervisor may call this.
        """
        mine, past = self.rows[row], self.rows[0]
        for column in counters:
            past[column] += mine[column]
            mine[column] = 0  # at once: who sums between the two counts it twice
        for column in range(self.columns):
            if mine[column]:
                mine[column] = 0


class Cells:
    """A few cells of one worker's row, and their like in all others.

    own: to read and write. live: the table's; there are further workers when it grows. Without a
    table (ALONE is then `live`) they are nobody else's: a door that only checks, and tests, count
    for themselves.
    """

    __slots__ = ("_column", "_columns", "_live", "_table", "live", "own")

    def __init__(
        self, width: int, table: SharedTable | None = None, row: int = 0, column: int = 0
    ) -> None:
        self._table = table
        self._column = column
        self._columns: dict[int, memoryview[int]] = {}
        self._live = 0
        self.live = ALONE if table is None else table.live
        self.own: MutableSequence[int] = (
            array("q", bytes(8 * width))
            if table is None
            else table.rows[row][column : column + width]
        )

    def total(self, index: int) -> int:
        """The sum of one cell over all workers: 0.2 us, and 0.02 for each more of them."""
        table = self._table
        if table is None:
            return self.own[index]
        if self._live == table.live[0] and index in (columns := self._columns):
            return sum(columns[index])
        return sum(self._look(table, index))

    def column(self, index: int) -> "memoryview[int]":
        """One cell of each worker that there is by now: for who sums it up so often that `total`
        is too slow. It is another one when `live` has grown, and when these have left."""
        table = self._table
        if table is None:
            return memoryview(self.own)[index : index + 1]  # type: ignore[arg-type]
        return table.column(self._column + index)

    def most(self, index: int) -> int:
        """The greatest of one cell over all workers: of a time, the latest."""
        if self._table is None:
            return self.own[index]
        return self._table.most(self._column + index)

    def _look(self, table: SharedTable, index: int) -> "memoryview[int]":
        """Keep the column, for it takes longer to find than to sum up."""
        if self._live != table.live[0]:
            self._live = table.live[0]
            self._columns.clear()
        found = self._columns[index] = table.column(self._column + index)
        return found

    def leave(self) -> None:
        """Take the counts out of the table; from now on they are counted for ourselves."""
        if self._table is None:
            return
        left, self._table = self.own, None
        self.live = ALONE
        self.own = array("q", left)
        for index in range(len(left)):
            left[index] = 0
