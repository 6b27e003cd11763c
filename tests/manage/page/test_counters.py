"""What the shared table says beside routes and endpoints."""

import os
from typing import Any

import pytest

from porch.balance.endpoint import FAILED
from porch.cache.counts import FROM_ORIGIN, FROM_STORE, HIT, KEPT
from porch.manage.columns import CACHE, COLUMNS, CONNECTIONS, CUT, RUNNING_HERE, Columns
from porch.manage.page.counters import Counters
from porch.manage.page.drawing import Plan
from porch.route.route import REQUESTS
from porch.shared import SharedTable
from tests.support.network import FakeClock


def plan(**words: Any) -> Plan:
    empty: Any = {"listeners": [], "routes": {}, "endpoints": {}, "limits": {}, "has_cache": False}
    return Plan(**empty | words)


def worker(pid: int, row: int) -> dict[str, Any]:
    return {"slot": 0, "pid": pid, "row": row, "ready": True, "missed": 0}


@pytest.fixture
def table() -> SharedTable:
    made = SharedTable(3, COLUMNS)
    made.use(2)
    return made


def test_a_worker_is_told_with_what_it_counts_and_what_the_system_says(
    table: SharedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeClock(monkeypatch)
    counters = Counters(table)
    table.rows[1][CONNECTIONS], table.rows[1][RUNNING_HERE] = 3, 2
    (first,) = counters.look([worker(os.getpid(), 1)])["workers"]
    assert (first["connections"], first["running"], first["cpu"]) == (3, 2, None)
    assert first["memory"] > 1_000_000
    fake.advance(1.0)
    (second,) = counters.look([worker(os.getpid(), 1)])["workers"]
    assert 0.0 <= second["cpu"] < 60.0


def test_of_one_that_counts_elsewhere_or_is_gone_nothing_is_known(table: SharedTable) -> None:
    (told,) = Counters(table).look([worker(2**22 + 1, 0)])["workers"]
    assert (told["connections"], told["running"], told["memory"]) == (None, None, 0)


def test_connections_that_were_cut_are_told_by_reason(table: SharedTable) -> None:
    table.rows[1][CUT] = 2
    table.rows[2][CUT] = 1
    assert Counters(table).look([])["cut"] == {"client_flood": 3}


def test_a_cache_is_told_where_a_route_has_one(table: SharedTable) -> None:
    counters = Counters(table)
    assert counters.look([])["cache"] is None
    counters.draw(plan(has_cache=True))
    for cell, value in ((HIT, 3), (KEPT, 1), (FROM_STORE, 30), (FROM_ORIGIN, 10)):
        table.rows[1][CACHE + cell] = value
    found = counters.look([])["cache"]
    assert (found["hits"], found["kept"], found["byte_ratio"]) == (3, 1, 0.75)


def test_a_limit_is_told_with_what_it_has_refused(table: SharedTable) -> None:
    columns = Columns(table).assign([("a.test: client", "limited")])
    counters = Counters(table)
    (column,) = columns.values()
    counters.draw(plan(limits={"a.test: client": column}))
    table.rows[1][column + FAILED], table.rows[2][column + REQUESTS] = 5, 7
    assert counters.look([])["limits"] == [["a.test: client", 5, 7]]
