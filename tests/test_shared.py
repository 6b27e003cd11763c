"""Real processes write: what is promised is about them."""

import os
import resource
import signal
import time

import pytest

from porch.shared import ALONE, Cells, Memory, SharedTable


def in_child(work) -> int:  # type: ignore[no-untyped-def]
    """The pid of a child that does `work`."""
    pid = os.fork()
    if not pid:
        try:
            work()
        finally:
            os._exit(0)
    return pid


def test_a_fresh_table_is_all_zero() -> None:
    table = SharedTable(3, 4)

    assert [list(row) for row in table.rows] == [[0] * 4] * 3
    assert repr(table) == "<SharedTable 3 rows, 1 in use>"


def test_every_worker_writes_its_row_and_anybody_reads_the_sum() -> None:
    table = SharedTable(3, 4)

    def count(row: int) -> None:
        for _ in range(1000):
            table.rows[row][2] += 1

    for row in (1, 2):
        table.use(row)
    children = [in_child(lambda row=row: count(row)) for row in (1, 2)]  # type: ignore[misc]
    for pid in children:
        os.waitpid(pid, 0)

    assert table.total(2) == 2000
    assert table.total(1) == 0


def test_a_worker_killed_while_it_writes_tears_no_value() -> None:
    """It writes two values whose halves differ; half of each would be neither."""
    table = SharedTable(2, 1)
    values = (0x1111111122222222, 0x3333333344444444)

    def write() -> None:
        row = table.rows[1]
        row[0] = values[0]
        while True:
            row[0] = values[0]
            row[0] = values[1]

    for _ in range(20):
        pid = in_child(write)
        while not table.rows[1][0]:
            time.sleep(0.001)
        seen = {table.rows[1][0] for _ in range(2000)}
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        assert seen | {table.rows[1][0]} <= set(values)
        table.clear(1)


def test_what_a_dead_worker_counted_stays_and_what_ran_in_it_does_not() -> None:
    table = SharedTable(3, 3)
    table.use(2)
    table.rows[2][0] = 5  # requests
    table.rows[2][1] = 3  # in flight

    table.clear(2, counters=(0,))

    assert (table.total(0), table.total(1)) == (5, 0)
    assert list(table.rows[2]) == [0, 0, 0]


def test_cells_see_their_like_in_other_rows() -> None:
    table = SharedTable(3, 8)
    table.use(1)
    table.use(2)
    one, other = (Cells(2, table, row, 4) for row in (1, 2))

    one.own[1] += 3
    other.own[1] += 4

    assert (one.total(0), one.total(1)) == (0, 7)
    assert list(table.rows[1]) == [0, 0, 0, 0, 0, 3, 0, 0]


def test_cells_without_a_table_count_for_themselves() -> None:
    cells = Cells(2)
    cells.own[0] += 1

    assert (cells.total(0), cells.total(1)) == (1, 0)

    cells.leave()
    assert cells.total(0) == 1


def test_cells_that_leave_take_their_counts_along() -> None:
    table = SharedTable(2, 2)
    table.use(1)
    cells = Cells(2, table, 1, 0)
    cells.own[0] = 2

    cells.leave()
    cells.own[0] -= 1

    assert table.total(0) == 0
    assert cells.total(0) == 1


def test_workers_that_come_later_are_summed_up_too() -> None:
    table = SharedTable(4, 3)
    cells = [Cells(2, table, row, 1) for row in range(3)]
    table.use(1)
    cells[1].own[0] = 5
    assert cells[1].total(0) == 5
    table.use(2)
    cells[2].own[0] = 7
    assert [each.total(0) for each in cells] == [12, 12, 12]
    assert cells[1].most(0) == 7
    assert [*table.column(1)] == [0, 5, 7]


def test_a_column_of_cells_is_all_workers_that_there_are_and_another_one_when_there_are_more() -> (
    None
):
    table = SharedTable(4, 8)
    table.use(1)
    one, other = (Cells(2, table, row, 4) for row in (1, 2))
    column, live = one.column(1), one.live[0]
    one.own[1] = 3
    assert sum(column) == 3
    table.use(2)
    other.own[1] = 4
    assert (one.live[0] > live, sum(column), sum(one.column(1))) == (True, 3, 7)

    one.leave()

    assert one.live is ALONE
    one.own[1] += 1
    assert ([*one.column(1)], [*other.column(1)]) == ([4], [0, 0, 4])


def test_a_column_without_a_table_is_one_cell() -> None:
    cells = Cells(2)
    column = cells.column(1)
    cells.own[1] = 2
    assert ([*column], cells.live is ALONE) == ([2], True)


def test_memory_that_must_not_be_made_says_which_limit_is_too_low() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OSError, match=r"File too large: 1.0 MiB .* higher limit .* LimitFSIZE"):
            Memory("x", 1 << 20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(OSError, match=r"Is a directory|No such device|Permission"):
        Memory("x", 4096, os.open("/", os.O_RDONLY)).view()


def test_memory_is_what_another_has_written_at_its_descriptor() -> None:
    ours = Memory("x", 3 * 4096)
    theirs = Memory("", 3 * 4096, os.dup(ours.descriptor))
    ours.view()[4096:4099] = b"abc"
    assert bytes(theirs.view(4096, 4096)[:4]) == b"abc\0"
