"""Series: names that workers make up, added up over all of them; no total ever goes back."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.observe import series_row
from porch.observe.series import GONE, SeriesTable


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
    assert table.count == 3


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
    monkeypatch.setattr(series_row, "MOST", 20)
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
    monkeypatch.setattr(series_row, "NAMES", 2048)
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


# --- what nobody counts under any more -----------------------------------------------------------


def test_names_that_are_given_back_are_gone_for_all_at_once_and_their_room_is_free():
    table = SeriesTable(3)
    one, two = table.row(1), table.row(2)
    for row in (one, two):
        row.of(("n", "old"), 2)[0] += 5
        row.of(("n", "kept"), 2)[0] += 7
    assert table.give_back({("n", "old"): None})
    assert {name: table.totals().cells(name)[0] for name in table.totals()} == {("n", "kept"): 14}
    assert one.renew()
    assert not one.renew()
    assert table.totals().cells(("n", "kept"))[0] == 14
    assert one.place(("n", "new"), 2) == 1
    assert repr(one) == "<Series 2 names>"


def test_a_name_that_comes_again_counts_from_nothing_whoever_is_late():
    table = SeriesTable(3)
    one, late = table.row(1), table.row(2)
    for row in (one, late):
        row.of(("n", "a"), 1)[0] += 5
    table.give_back({("n", "a"): None})
    one.renew()
    one.of(("n", "a"), 1)[0] += 1
    assert table.totals()[("n", "a")] == 1
    late.renew()
    assert table.totals()[("n", "a")] == 1
    late.of(("n", "a"), 1)[0] += 1
    assert table.totals()[("n", "a")] == 2


def test_a_further_name_has_nothing_of_one_whose_cells_it_gets():
    table = SeriesTable(2)
    row = table.row(1)
    row.of(("n", "a"), 3)[:] = memoryview(bytes([9] * 24)).cast("q")
    for time in range(1, 5):
        table.give_back({("n", f"{'a' if time == 1 else time - 1}"): None})
        row.renew()
        cells = row.of(("n", str(time)), 3)
        assert list(cells) == [0, 0, 0]
        cells[1] = time


def test_counts_that_are_part_of_a_greater_sum_stay_part_of_it():
    table = SeriesTable(3)
    row, late = table.row(1), table.row(2)
    for each in (row, late):
        each.of(("requests", "r", "a:1"), 2)[1] += 5
        each.of(("requests", "r", "b:1"), 2)[1] += 1
    name = ("requests", "r", GONE)
    for _ in range(2):
        assert table.give_back({("requests", "r", "a:1"): name})
        row.renew()
        totals = table.totals()
        assert list(totals.cells(name)) == [0, 10]
        assert ("requests", "r", "a:1") not in totals
        late.renew()
        assert list(table.totals().cells(name)) == [0, 10]


def test_nothing_is_given_back_again_before_all_have_let_go_of_the_last():
    table = SeriesTable(3)
    one, two = table.row(1), table.row(2)
    for row in (one, two):
        row.of(("n", "a"), 1)[0] = 1
    assert table.give_back({("n", "a"): None})
    one.renew()
    assert not table.give_back({("n", "b"): None})
    two.renew()
    assert table.give_back({("n", "b"): None})


def test_a_worker_that_ends_before_it_has_let_go_leaves_nothing_of_it():
    table = SeriesTable(3)
    row = table.row(1)
    row.of(("n", "a"), 1)[0] = 1
    row.of(("requests", "r", "e"), 1)[0] = 2
    row.of(("n", "b"), 1)[0] = 3
    table.give_back({("n", "a"): None, ("requests", "r", "e"): ("requests", "r", GONE)})
    table.clear(1)
    assert dict(table.totals()) == {("requests", "r", GONE): 2, ("n", "b"): 3}
    assert table.row(1).renew() is False


@pytest.mark.parametrize("dies_at", range(4))
def test_a_worker_that_dies_while_it_lets_go_has_lost_nothing(dies_at, monkeypatch):
    """The copy is made beside what counts; until it is whole nobody looks at it."""
    table = SeriesTable(2)
    row = table.row(1)
    for number in range(6):
        row.of(("n", str(number)), 1)[0] = number
    table.give_back({("n", "1"): None, ("n", "3"): None})
    copy, steps = series_row._Area.copy, []

    def dies(self, *words):
        steps.append(words)
        if len(steps) > dies_at:
            raise KeyboardInterrupt
        copy(self, *words)

    with monkeypatch.context() as patched:
        patched.setattr(series_row._Area, "copy", dies)
        try:
            row.renew()
        except KeyboardInterrupt:
            assert dies_at < 3
        else:
            assert dies_at == 3
    again = SeriesTable(2, os.dup(table.descriptor))
    wanted = {("n", str(number)): number for number in (0, 2, 4, 5)}
    assert dict(again.totals()) == wanted
    table.clear(1)
    assert dict(again.totals()) == wanted


def test_more_than_can_be_written_at_once_is_given_back_in_parts(monkeypatch):
    monkeypatch.setattr("porch.observe.series.NAMES", 4096)
    table = SeriesTable(2)
    row = table.row(1)
    names = [("n", "x" * 400 + str(number)) for number in range(25)]
    for name in names:
        row.of(name, 1)[0] = 1
    times = 0
    while left := table.names:
        assert table.give_back(dict.fromkeys(sorted(left)))
        row.renew()
        assert len(table.totals()) == len(table.names) < len(left)
        times += 1
    assert times == 3


def test_half_of_the_room_is_a_crowd(monkeypatch):
    monkeypatch.setattr(series_row, "MOST", 100)
    table = SeriesTable(2)
    for number in range(51):
        assert not table.is_crowded
        table.row(1).of(("n", str(number)), 1)
    assert table.is_crowded
    table.give_back({("n", str(number)): None for number in range(10)})
    table.row(1).renew()
    assert not table.is_crowded


def test_who_reads_in_another_process_meanwhile_sees_no_total_go_back():
    """The writer gives names back and takes others while a reader adds up all the time."""
    table = SeriesTable(2)
    row = table.row(1)
    row.of(("n", "lives"), 1)
    stop, done = os.pipe()
    pid = os.fork()
    if not pid:
        reader = SeriesTable(2, os.dup(table.descriptor))
        os.set_blocking(stop, False)
        last = reads = wrong = 0
        while True:
            found = reader.totals()
            reads += 1
            wrong |= found.get(("n", "lives"), -1) < last
            last = found[("n", "lives")]
            wrong |= sum(name[1] != "lives" for name in found) > 40
            try:
                os.read(stop, 1)
                break
            except BlockingIOError:
                pass
        os._exit(1 if wrong else 0 if reads > 20 else 2)
    for time in range(200):
        names = [("n", f"{time}-{number}") for number in range(20)]
        for name in names:
            row.of(name, 1)[0] = 1 << 40
            row.of(("n", "lives"), 1)[0] += 1
        assert table.give_back(dict.fromkeys(names))
        assert row.renew()
    os.write(done, b"x")
    _, status = os.waitpid(pid, 0)
    for each in (stop, done):
        os.close(each)
    assert os.waitstatus_to_exitcode(status) == 0


WORKERS = st.integers(1, 3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("count"), WORKERS, st.integers(0, 5), st.integers(1, 1 << 40)),
        st.tuples(st.just("renew"), WORKERS),
        st.tuples(st.just("end"), WORKERS),
        st.tuples(st.just("give back"), st.sets(st.integers(0, 5), max_size=3), st.booleans()),
    ),
    max_size=60,
)


@given(STEPS)
def test_totals_are_those_of_a_simple_sum_whatever_is_given_back(steps):
    """What a worker counts under a name that was given back before it has let go of it is lost:
    all else is there."""
    table = SeriesTable(4)
    expected: dict[tuple[str, ...], int] = {}
    behind: dict[int, set[tuple[str, ...]]] = {1: set(), 2: set(), 3: set()}
    for worker in behind:
        table.row(worker)
    for step, *words in steps:
        if step == "count":
            worker, number, value = words
            name = ("n", "r", str(number))
            table.row(worker).of(name, 2)[1] += value
            if name in behind[worker]:
                into = table.gone[name]
                if into is None:
                    continue
                name = into
            expected[name] = expected.get(name, 0) + value
        elif step == "give back":
            numbers, folds = words
            into = ("n", "r", GONE) if folds else None
            names = {("n", "r", str(number)): into for number in numbers}
            if table.give_back(names):
                for name in names:
                    value = expected.pop(name, 0)
                    if into and value:
                        expected[into] = expected.get(into, 0) + value
                behind = {each: set(names) for each in behind}
        else:
            (worker,) = words
            if step == "renew":
                table.row(worker).renew()
            else:
                table.clear(worker)
                table.row(worker)  # its successor
            behind[worker].clear()
        totals = table.totals()
        found = {name: totals.cells(name)[1] for name in totals}
        assert {name: value for name, value in found.items() if value} == expected
