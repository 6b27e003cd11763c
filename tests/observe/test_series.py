"""Series: names that workers make up, added up over all of them; no total ever goes back."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.observe import series
from porch.observe.series import SeriesTable


def test_a_name_counts_in_each_workers_row_and_totals_add_them_up():
    table = SeriesTable(3)
    one, two = table.row(1), table.row(2)
    one.of(("requests", "a", "b"), 3)[1] += 5
    two.of(("requests", "z", "b"), 3)[0] += 1
    two.of(("requests", "a", "b"), 3)[1] += 2
    totals = table.totals()
    assert list(totals.cells(("requests", "a", "b"))) == [0, 7, 0]
    assert list(totals.cells(("requests", "z", "b"))) == [1, 0, 0]
    assert len(totals) == 2


def test_a_place_in_the_list_is_a_name_for_good():
    table = SeriesTable(2)
    row = table.row(1)
    assert [row.place(("a", str(number)), 2) for number in range(3)] == [0, 1, 2]
    assert row.place(("a", "1"), 2) == 1


def test_another_process_sees_what_was_counted():
    table = SeriesTable(2)
    pid = os.fork()
    if not pid:
        table.row(1).of(("a", "é"), 1)[0] = 1 << 62
        os._exit(0)
    os.waitpid(pid, 0)
    again = SeriesTable(2, os.dup(table.descriptor))
    assert list(again.totals().cells(("a", "é"))) == [1 << 62]


def test_a_row_begins_where_its_worker_was_when_it_is_looked_at_again():
    table = SeriesTable(2)
    table.row(1).of(("a",), 2)[1] = 4
    assert table.row(1).of(("a",), 2)[1] == 4


def test_what_an_ended_worker_has_counted_stays_counted():
    table = SeriesTable(3)
    for number in (1, 2):
        table.row(number).of(("a", "b"), 2)[1] += 10
        table.row(number).of(("c",), 1)[0] += 1
    table.clear(1)
    table.clear(2)
    fresh = table.row(1)
    fresh.of(("c",), 1)[0] += 1
    totals = table.totals()
    assert list(totals.cells(("a", "b"))) == [0, 20]
    assert totals.cells(("c",))[0] == 3


def test_who_reads_while_a_row_moves_reads_again():
    reads = []

    class Watched(SeriesTable):
        def _totals(self):
            found = super()._totals()
            if not reads:
                self.clear(1)  # between the reading of this row and that of the next
                self.row(1).of(("a",), 1)[0] += 1
            reads.append(found)
            return found

    table = Watched(2)
    table.row(1).of(("a",), 1)[0] = 7
    assert table.totals()[("a",)] == 8
    assert len(reads) == 2


def test_names_without_room_share_the_rest_of_their_kind(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(series, "MOST", 20)
    table = SeriesTable(2)
    row = table.row(1)
    for number in range(10):
        row.of(("requests", f"route{number}", "e"), 2)[0] += 1
    row.of(("errors", "route0", "word"), 1)[0] += 1
    totals = table.totals()
    assert totals.cells(("requests", "other", "other"))[0] == 6
    assert totals[("errors", "other", "other")] == 1
    assert sum(totals.cells(name)[0] for name in totals if name[0] == "requests") == 10
    assert repr(table) == "<SeriesTable 2 rows, 6 names>"


def test_names_and_cells_are_bounded_by_bytes_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(series, "NAMES", 2048)
    table = SeriesTable(2)
    row = table.row(1)
    for number in range(100):
        row.of(("a", "x" * 700 + str(number)), 1)[0] += 1
    assert sum(table.totals().values()) == 100
    assert ("a", "other") in table.totals()


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 5), st.integers(0, 1 << 40), st.booleans()),
        max_size=60,
    )
)
def test_totals_are_those_of_a_simple_sum_whatever_ends_meanwhile(steps):
    table = SeriesTable(4)
    rows = {number: table.row(number) for number in (1, 2, 3)}
    expected = dict.fromkeys((("n", str(name)) for name in range(6)), 0)
    for worker, name, value, ends in steps:
        key = ("n", str(name))
        rows[worker].of(key, 3)[2] += value
        expected[key] += value
        if ends:
            table.clear(worker)
            rows[worker] = table.row(worker)
        totals = table.totals()
        found = {each: totals.cells(each)[2] if each in totals else 0 for each in expected}
        assert found == expected
