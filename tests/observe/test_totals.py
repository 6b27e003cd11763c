"""Totals: rows become one number, whose parts are those of each name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.observe.series import GONE, SeriesTable
from porch.observe.totals import Layout, Picking, Totals


def cells(*numbers: int) -> memoryview:
    return memoryview(b"".join(each.to_bytes(8, "little") for each in numbers))


def entries(*words: Any) -> Any:
    """Names and how many cells each has, one behind another."""
    found, start = [], 0
    for name, width in zip(words[::2], words[1::2], strict=True):
        found.append(((name,), start, width, 0))
        start += width
    return found


LAYOUT = Layout({("b",): 2, ("a",): 1, ("c",): 3})


def test_names_stand_in_order_each_with_its_cells() -> None:
    assert LAYOUT.names == [("a",), ("b",), ("c",)]
    assert LAYOUT.starts == [0, 1, 3, 6]
    assert LAYOUT.size == 48
    assert repr(LAYOUT) == "<Layout 3 names>"


def test_a_kind_is_a_range_of_names() -> None:
    layout = Layout(dict.fromkeys([("errors", "a"), ("lag", "0"), ("lag2", "0"), ("lag", "1")], 1))
    assert [layout.names[slice(*layout.range(kind))] for kind in ("lag", "none")] == [
        [("lag", "0"), ("lag", "1")],
        [],
    ]


@pytest.mark.parametrize("order", ["abc", "cab", "bca", "b", ""])
def test_cells_of_a_row_go_where_the_layout_has_them_whatever_their_order(order: str) -> None:
    widths = {"a": 1, "b": 2, "c": 3}
    numbers = {"a": [7], "b": [1, 2], "c": [3, 4, 5]}
    row = entries(*[word for name in order for word in (name, widths[name])])
    memory = cells(*[each for name in order for each in numbers[name]], 99)
    totals = Totals(LAYOUT, Picking(LAYOUT, row, {}).number(memory))
    for name in "abc":
        wanted = numbers[name] if name in order else [0] * widths[name]
        assert list(totals.cells((name,))) == wanted


def test_a_name_that_is_narrower_in_a_row_has_zeros_for_the_rest() -> None:
    row = entries("c", 1, "a", 1)
    totals = Totals(LAYOUT, Picking(LAYOUT, row, {}).number(cells(5, 6)))
    assert [list(totals.cells(name)) for name in LAYOUT.names] == [[6], [0, 0], [5, 0, 0]]


def test_what_is_gone_is_left_out_or_goes_to_another_several_to_one() -> None:
    row = entries("x", 2, "b", 2, "y", 2, "z", 1)
    gone = {("x",): ("b",), ("y",): ("b",), ("z",): None}
    totals = Totals(LAYOUT, Picking(LAYOUT, row, gone).number(cells(1, 2, 10, 20, 100, 200, 9)))
    assert list(totals.cells(("b",))) == [111, 222]
    assert sum(totals[name] for name in (("a",), ("c",))) == 0


def test_totals_are_a_mapping_and_no_name_is_there_that_is_not() -> None:
    totals = Totals(LAYOUT, 0)
    assert len(totals) == 3
    assert [*totals] == LAYOUT.names
    assert totals.get(("x",), -1) == -1
    assert ("a",) in totals
    assert Totals(Layout({}), 0) == {}
    assert repr(totals) == "<Totals 3 names>"


def test_what_was_counted_since_is_the_difference_whatever_names_came() -> None:
    table = SeriesTable(3)
    one, two = table.row(1), table.row(2)
    one.of(("m",), 2)[:] = cells(5, 6).cast("q")  # type: ignore[assignment]
    before = table.totals()
    one.of(("m",), 2)[1] += 4
    same = table.totals()
    assert same.layout is before.layout
    assert list(same.since(before).cells(("m",))) == [0, 4]
    two.of(("a",), 1)[0] = 3
    two.of(("m",), 2)[0] = 1
    new = table.totals().since(before)
    assert {name: list(new.cells(name)) for name in new} == {("a",): [3], ("m",): [1, 4]}


def test_a_name_that_was_given_back_and_came_again_has_counted_from_nothing() -> None:
    table = SeriesTable(2)
    row = table.row(1)
    row.of(("requests", "r", "a:1"), 2)[:] = cells(500, 6).cast("q")  # type: ignore[assignment]
    row.of(("requests", "r", "b:1"), 2)[0] = 1
    before = table.totals()
    table.give_back({("requests", "r", "a:1"): ("requests", "r", GONE)})
    row.renew()
    row.of(("requests", "r", "a:1"), 2)[1] = 2
    new = table.totals().since(before)
    assert list(new.cells(("requests", "r", "a:1"))) == [0, 2]
    assert list(new.cells(("requests", "r", "b:1"))) == [0, 0]


def test_a_layout_is_the_same_until_there_are_other_names() -> None:
    table = SeriesTable(3)
    table.row(1).of(("a",), 1)[0] = 1
    first = table.totals().layout
    table.row(1).of(("a",), 1)[0] = 2
    assert table.totals().layout is first
    table.row(2).of(("a",), 1)
    second = table.totals().layout
    assert second is not first
    table.clear(2)
    assert table.totals().layout is not second


@given(
    st.lists(
        st.dictionaries(st.integers(0, 9), st.integers(0, 1 << 60), max_size=8),
        min_size=1,
        max_size=3,
    )
)
def test_all_rows_together_are_a_simple_sum(rows: list[dict[int, int]]) -> None:
    widths = {(str(name),): 1 + name % 3 for row in rows for name in row}
    layout = Layout(widths)
    number = 0
    for row in rows:
        named = entries(*[word for name in row for word in (str(name), 1 + name % 3)])
        memory = cells(*[value for name, value in row.items() for _ in range(1 + name % 3)])
        number += Picking(layout, named, {}).number(memory)
    totals = Totals(layout, number)
    for name in layout.names:
        wanted = sum(row.get(int(name[0]), 0) for row in rows)
        assert list(totals.cells(name)) == [wanted] * widths[name]
