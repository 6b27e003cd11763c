"""Memory of a fixed size that all workers count in."""

import os
from collections import Counter

import pytest

from porch.shield.limit_table import LAYOUT, MIDDLE, ROOM, SET, TAGS, WAY, LimitTable


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
    table = LimitTable(2, keys)
    assert table.keys == room
    assert table.has_room(keys)
    assert not table.has_room(room + 1)


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


def test_memory_that_nobody_writes_is_not_there() -> None:
    table = LimitTable(64, 1 << 20)
    table.row(1)
    table.slots(1, 4).heads[0] = 1
    blocks = os.fstat(table.descriptor).st_blocks * 512
    assert blocks < 65536


def test_another_version_finds_what_was_counted_by_its_descriptor() -> None:
    table = LimitTable(5, 2000)
    table.slots(table.row(2).own, 1).heads[7] = 99
    again = LimitTable(descriptor=os.dup(table.descriptor))
    assert (again.rows, again.keys, again.began) == (5, 2048, table.began)
    assert again.secret("a limit") == table.secret("a limit")
    assert again.live[0] == 3
    assert again.row(1).others(1)[0].heads[7] == 99


def test_what_is_laid_out_in_another_way_is_not_taken() -> None:
    table = LimitTable(2, 8)
    number = os.dup(table.descriptor)
    os.pwrite(number, (LAYOUT + 1).to_bytes(8, "little"), 8)
    with pytest.raises(ValueError, match=f"layout {LAYOUT + 1}, this version has {LAYOUT}"):
        LimitTable(descriptor=number)


def test_each_limit_multiplies_by_a_number_that_nobody_outside_knows() -> None:
    one, other = LimitTable(2, 8), LimitTable(2, 8)
    numbers = {one.secret("a"), one.secret("b"), other.secret("a"), other.secret("b")}
    assert len(numbers) == 4
    assert all(each % 2 and each.bit_length() > 256 for each in numbers)


def test_keys_spread_evenly_and_none_is_taken_for_another() -> None:
    """Addresses that differ in the last digits alone, and keys as long as they may be."""
    number = LimitTable(2, 8).secret("a limit")
    keys = [b"10.0.%d.%d" % (each >> 8, each & 255) for each in range(10_000)]
    keys += [b"=%031d" % each for each in range(10_000)]
    keys += [b"%d" % each + b"x" * 28 for each in range(100, 1000)]
    tags = {int.from_bytes(key, "big") * number >> MIDDLE & TAGS for key in keys}
    assert len(tags) == len(keys)
    sets = Counter(tag & 1023 for tag in tags)
    assert len(sets) == 1024
    assert max(sets.values()) < 70  # 20 on average: SHA-256 has 40 at the most


def test_its_memory_is_given_back() -> None:
    table = LimitTable(2, 1024)
    number = table.descriptor
    del table
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)
