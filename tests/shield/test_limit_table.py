"""Memory of a fixed size that all workers count in."""

import os

import pytest

from porch.shield.limit_table import ROOM, SET, WAY, LimitTable


def test_what_one_worker_writes_another_reads() -> None:
    table = LimitTable(3, 1024)
    one, other = table.row(1), table.row(2)
    table.slots(1, 1).heads[0] = 7
    table.slots(1, 1).cells[63] = 200
    (seen,) = other.others(1)
    assert (seen.heads[0], seen.cells[63]) == (7, 200)
    assert one.others(1)[0].heads[0] == 0


def test_workers_that_come_later_are_seen() -> None:
    table = LimitTable(4, 1024)
    one = table.row(1)
    assert (one.others(1), table.live[0]) == ([], 2)
    table.row(3)
    assert (len(one.others(1)), table.live[0]) == (2, 4)
    assert repr(table) == "<LimitTable 1024 keys, 4 rows in use>"


def test_another_process_sees_it() -> None:
    table = LimitTable(3, 1024)
    child = os.fork()
    if child == 0:
        table.slots(table.row(2).own, 4).cells[5] = 1 << 31
        os._exit(0)
    os.waitpid(child, 0)
    assert table.row(1).others(4)[0].cells[5] == 1 << 31


@pytest.mark.parametrize(("keys", "room"), [(1, 8), (1024, 1024), (1025, 2048), (ROOM, ROOM)])
def test_room_is_a_power_of_two(keys: int, room: int) -> None:
    assert LimitTable(2, keys).keys == room


@pytest.mark.parametrize("width", [0, 1, 2, 4])
def test_widths_do_not_overlap(width: int) -> None:
    table = LimitTable(2, 1024)
    widths = (0, 1, 2, 4)
    for each in widths:
        slots = table.slots(1, each)
        slots.heads[0] = slots.heads[-1] = 1
        if each:
            slots.cells[0] = slots.cells[-1] = 1
    slots = table.slots(1, width)
    assert sum(slots.heads) == 2
    assert sum(slots.cells) == (2 if width else 0)
    assert (len(slots.heads), len(slots.cells)) == (1024 * WAY, 1024 * 64 * bool(width))


def test_a_key_is_found_in_its_set_and_nowhere_else() -> None:
    slots = LimitTable(2, 1024).slots(1, 1)
    first = SET + 3 * WAY
    assert slots.find(first, 77) == -1
    slots.heads[SET + WAY] = 77
    assert slots.find(first, 77) == -1  # while its own place is empty it is nowhere
    slots.heads[first] = 5
    assert slots.find(first, 77) == SET + WAY
    assert slots.find(first, 5) == first
    assert slots.find(0, 77) == -1
    assert slots.set_of(first)[0] == first
    assert sorted(slots.set_of(first)) == [*range(SET, 2 * SET, WAY)]


def test_memory_that_nobody_writes_is_not_there() -> None:
    table = LimitTable(64, 1 << 20)
    table.row(1)
    table.slots(1, 4).heads[0] = 1
    blocks = os.fstat(table._memory.descriptor).st_blocks * 512
    assert blocks < 65536


def test_its_memory_is_given_back() -> None:
    table = LimitTable(2, 1024)
    number = table._memory.descriptor
    del table
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)
