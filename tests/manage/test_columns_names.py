"""Where endpoints are counted, over reloads and deaths."""

import os
from typing import cast
from unittest import mock

from porch.balance.endpoint import WIDTH
from porch.cache.counts import HIT
from porch.clock import INFINITY, Deadlines
from porch.config.state import State
from porch.listen.door import Door, Settings
from porch.manage.columns import (
    CACHE,
    COLUMNS,
    CUT,
    CUTS,
    TURNED_AWAY,
    Columns,
    cache_cells,
    cells_by,
    count,
)
from porch.route.route import REQUESTS, RUNNING
from porch.shared import SharedTable

A, B, C = ("pool", "a:1"), ("pool", "b:1"), ("other", "a:1")


def test_an_endpoint_keeps_its_column_over_reloads() -> None:
    columns = Columns(SharedTable(3, COLUMNS))
    first = columns.assign([A, B])
    second = columns.assign([C, B])
    assert second[B] == first[B]
    assert len({first[A], first[B], second[C]}) == 3


def test_a_column_is_given_on_only_when_nobody_counts_there() -> None:
    table = SharedTable(3, COLUMNS)
    columns = Columns(table)
    given = columns.assign([A])[A]
    assert columns.assign([B])[B] != given
    table.rows[0][given + REQUESTS] = 9
    columns.keep([B])
    assert columns.assign([C])[C] == given
    assert table.total(given + REQUESTS) == 0


def test_too_many_endpoints_are_counted_by_each_worker_for_itself() -> None:
    table = SharedTable(3, 64)
    columns = Columns(table, endpoints=1)
    given = columns.assign([A, B])
    assert set(given) == {A}
    cells_by(table, 1, given)(B).own[RUNNING] += 1
    assert sum(table.rows[1]) == 0


def test_workers_count_an_endpoint_at_the_same_place() -> None:
    table = SharedTable(3, COLUMNS)
    table.use(2)
    given = Columns(table).assign([A])
    for row in (1, 2):
        cells_by(table, row, given)(A).own[REQUESTS] += row
    assert table.total(given[A] + REQUESTS) == 3
    assert len(cells_by(table, 1, given)(A).own) == WIDTH


def test_another_process_that_has_the_table_goes_on_with_the_names() -> None:
    table = SharedTable(3, COLUMNS)
    columns = Columns(table)
    given = columns.assign([("p", "a:1"), ("p", "b:1"), ("p", "c:1")])
    columns.keep([("p", "a:1"), ("p", "c:1")])
    table.rows[1][given["p", "a:1"]] = 7
    copy = SharedTable(3, COLUMNS, os.dup(table.descriptor))
    other = Columns(copy)
    other.take_over(columns.words)
    assert other.of == {("p", "a:1"): given["p", "a:1"], ("p", "c:1"): given["p", "c:1"]}
    assert copy.rows[1][other.of["p", "a:1"]] == 7
    fresh = other.assign([("p", "d:1"), ("p", "e:1")])
    assert fresh["p", "d:1"] == given["p", "b:1"]  # which was given back
    assert fresh["p", "e:1"] == given["p", "c:1"] + WIDTH


def test_the_cache_counts_in_front_of_the_endpoints_and_outlives_its_worker() -> None:
    table = SharedTable(3, COLUMNS)
    columns = Columns(table)
    given = columns.assign([A])[A]
    cells = cache_cells(table, 1)
    assert CACHE + len(cells.own) <= given
    cells.own[HIT] += 2
    for at in range(len(CUTS)):
        table.rows[1][CUT + at] = 3
    table.clear(1, columns.counters)
    assert {table.total(CUT + at) for at in range(len(CUTS))} == {3}, "nor are cuts forgotten"
    assert table.total(CACHE + HIT) == 2


def test_a_worker_counts_in_its_own_row() -> None:
    row = memoryview(bytearray(8 * 16)).cast("q")
    door = Door(cast("Settings", None), Deadlines())
    door.requests, door.running = 7, 2
    door.cuts["client_flood"] = 3
    state = State()
    state.turned_away[:] = [9, 0, 4]
    state.deadlines.watch(mock.Mock(deadline=INFINITY))
    count(row, door, state, 5)
    count(row, door, state, 5)
    assert [*row[:6]] == [2, 0, 7, 2, 1, 5]
    assert row[CUT + CUTS.index("client_flood")] == 3
    assert [*row[TURNED_AWAY:CACHE]] == [9, 0, 4]
