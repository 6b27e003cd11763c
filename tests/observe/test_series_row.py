"""The memory of one worker's counts: one of two copies is in use, whatever happens."""

import os

from hypothesis import given
from hypothesis import strategies as st

from porch.observe import series_row
from porch.observe.series_row import LONGEST, SIZE, Row, pack, unpack
from porch.shared import Memory


def row() -> Row:
    return Row(Memory("a row", SIZE).view())


def names(of: Row) -> list[tuple[str, ...]]:
    return [entry[0] for entry in of.look()[0]]


def counted(of: Row) -> dict[tuple[str, ...], list[int]]:
    entries, memory, _ = of.look()
    cells = memory.cast("q")
    return {name: list(cells[start : start + width]) for name, start, width, _ in entries}


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4), st.integers(0, 65_535))
def test_a_name_is_read_as_it_was_written(parts: list[str], number: int) -> None:
    name = tuple(each.replace("\0", "") for each in parts)
    text = pack(name, number) + b"more"
    found, again, end = unpack(text, 0)
    assert again == number
    assert text[end:] == b"more"
    whole = "\0".join(name).encode("utf-8", "replace")
    assert len(whole) > LONGEST or found == tuple(whole.decode().split("\0"))


def test_names_stand_in_their_order_with_cells_of_their_own() -> None:
    one = row()
    assert one.add(("a", "b"), 2) == (("a", "b"), 0, 2, 7)
    assert one.add(("c",), 3) == (("c",), 2, 3, 12)
    one.cells(2, 3)[1] = 9
    assert counted(one) == {("a", "b"): [0, 0], ("c",): [0, 9, 0]}
    assert (one.count, one.time, repr(one)) == (2, 0, "<Row 2 names>")


def test_what_is_given_back_is_left_out_and_the_rest_is_as_it_was() -> None:
    one = row()
    for number in range(7):
        entry = one.add((str(number),), 7)
        assert entry is not None
        one.cells(entry[1], entry[2])[number] = number
    one.give_back([0, 3, 4], {("0",): None, ("3",): ("sum",), ("4",): ("sum",)}, 5)
    found = counted(one)
    assert {name: max(cells) for name, cells in found.items()} == {
        ("1",): 1,
        ("2",): 2,
        ("5",): 5,
        ("6",): 6,
        ("sum",): 4,
    }
    assert found[("sum",)] == [0, 0, 0, 3, 4, 0, 0]
    assert found[("6",)] == [0, 0, 0, 0, 0, 0, 6]
    assert one.time == 5
    entry = one.add(("new",), 9)
    assert entry is not None
    assert list(one.cells(entry[1], 9)) == [0] * 9


def test_who_looked_before_sees_what_was() -> None:
    one = row()
    for name in ("a", "b"):
        entry = one.add((name,), 1)
        assert entry is not None
        one.cells(entry[1], 1)[0] = 7
    entries, memory, time = one.look()
    one.give_back([0], {("a",): None}, 1)
    assert ([entry[0] for entry in entries], time) == ([("a",), ("b",)], 0)
    assert memory.cast("q")[1] == 7
    assert names(one) == [("b",)]


def test_another_process_sees_which_copy_is_in_use() -> None:
    memory = Memory("a row", SIZE)
    mine = Row(memory.view())
    theirs = Row(Memory("a row", SIZE, os.dup(memory.descriptor)).view())
    for time in range(1, 5):
        mine.add((f"old {time}",), 1)
        assert names(theirs)[-1] == (f"old {time}",)
        mine.give_back([mine.count - 1], {(f"old {time}",): None}, time)
        mine.add((f"new {time}",), 1)
        assert names(theirs) == names(mine)
        assert theirs.time == time
    mine.clear(9)
    assert (names(theirs), theirs.time) == ([], 9)


def test_a_row_is_crowded_by_names_or_their_bytes_or_their_cells(monkeypatch) -> None:
    for bound, most in (("MOST", 4), ("NAMES", 40), ("CELLS", 10)):
        with monkeypatch.context() as patched:
            one = row()
            patched.setattr(series_row, bound, most)
            one.add(("12345",), 2)
            assert not one.is_crowded
            one.add(("12345",), 2)
            one.add(("1234567",), 2)
            assert one.is_crowded


def test_there_is_no_room_for_more_than_there_is_and_some_is_spared(monkeypatch) -> None:
    monkeypatch.setattr(series_row, "MOST", 3)
    one = row()
    assert one.add(("a",), 1, spare=2)
    assert one.add(("b",), 1, spare=2) is None
    assert one.add(("b",), 1)
    assert one.add(("c",), 1)
    assert one.add(("d",), 1) is None
