"""What a worker is handed."""

from typing import Any

from porch.manage.equipment import Equipment
from porch.manage.tables import Tables
from porch.observe.ended import Batch
from tests.support.ended import ended


def test_a_worker_stays_who_it_is_unless_it_is_told_otherwise() -> None:
    words: dict[str, Any] = dict.fromkeys(
        (
            "loaded",
            "sockets",
            "firsts",
            "files",
            "table",
            "tables",
            "row",
            "columns",
            "stacks",
            "slot",
        )
    )
    assert Equipment(**words).identity is None


def test_a_worker_shows_what_has_ended_to_its_own_rows() -> None:
    tables = Tables.of(3, 1024)
    words: dict[str, Any] = dict.fromkeys(
        ("loaded", "sockets", "firsts", "files", "table", "columns", "stacks", "slot")
    )
    for watcher in Equipment(tables=tables, row=2, **words).watchers(2):
        watcher.take(Batch([ended(b"/x")]))
        watcher.flush()
    assert len(tables.series.totals()) == 1
    (record,), marks = tables.recent.since({})
    assert (record["target"], [*marks]) == ("/x", [2])


def test_lines_that_a_worker_has_lost_are_counted_in_its_row() -> None:
    tables = Tables.of(3, 64)
    words: dict[str, Any] = dict.fromkeys(
        ("loaded", "sockets", "firsts", "files", "table", "columns", "stacks", "slot")
    )
    worker = Equipment(**words, tables=tables, row=2)
    worker.lost()("lost", "stdout")[0] += 2
    worker.lost()("lost", "stdout")[0] += 3
    totals = tables.series.totals()
    assert list(totals.cells(("lost", "stdout"))) == [5]
