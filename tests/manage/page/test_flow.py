"""Flow: which rows a picture has, and what they are of."""

from typing import Any

from porch.manage.page.flow import FAILING, MOST, Flow, Where, told
from porch.observe.ended import Batch
from porch.observe.meter import Meter
from porch.observe.series import GONE, SeriesTable
from porch.observe.totals import Totals
from tests.manage.page.test_picture import plan
from tests.support.ended import ended

PLAN = plan(
    {"a.test": ["a.test"], "b.test": ["[pool.api]", "a.test"]},
    {("a.test", "a:1"): 100, ("[pool.api]", "a:1"): 107, ("[pool.api]", "b:1"): 114},
)


def counted(*exchanges: tuple[int, str, str | None, int]) -> Totals:
    """So many of a route and an endpoint, with a status."""
    table = SeriesTable(2)
    meter = Meter(table.row(1))
    for many, route, endpoint, status in exchanges:
        each: Any = [ended(route=route, endpoint=endpoint, status=status) for _ in range(many)]
        meter.take(Batch(each))
    meter.flush()
    return table.totals()


def flow(totals: Totals) -> Flow:
    return Flow(Where(totals.layout, PLAN), totals)


def test_an_endpoint_is_that_of_the_first_pool_of_the_route_that_has_the_address() -> None:
    totals = counted((2, "b.test", "a:1", 200), (1, "a.test", "a:1", 200), (1, "x", "a:1", 200))
    where = Where(totals.layout, PLAN)
    assert where.edges == [(0, 0), (1, 1), None]
    assert repr(where) == "<Where 3 pairs>"
    assert flow(totals).asked == {0, 1}


def test_rows_are_sums_over_their_pairs() -> None:
    found = flow(
        counted((3, "b.test", "a:1", 200), (1, "b.test", "b:1", 502), (2, "b.test", None, 404))
    )
    assert [row[:3] for row in found.routes(2.0)] == [[1, 3.0, 0.5]]
    assert [row[:3] for row in found.endpoints(1.0)] == [[1, 3.0, 0.0], [2, 1.0, 1.0]]
    assert [row[:3] for row in found.edges(1.0)] == [[(1, 1), 3.0, 0.0], [(1, 2), 1.0, 1.0]]
    assert repr(found) == "<Flow of 3 pairs>"


def test_the_busiest_are_told_and_of_the_others_those_that_fail() -> None:
    exchanges = [(2, f"{at:03}", "a:1", 200) for at in range(MOST)]
    exchanges += [(1, f"quiet{at}", "a:1", 200) for at in range(20)]
    exchanges += [(1, f"bad{at:03}", "a:1", 502) for at in range(FAILING + 5)]
    rows = flow(counted(*exchanges)).routes(1.0)
    assert {row[0] for row in rows[:MOST]} == {f"{at:03}" for at in range(MOST)}
    assert [row[0][:3] for row in rows[MOST:]] == ["bad"] * FAILING


def test_what_only_moves_is_no_flow() -> None:
    table = SeriesTable(2)
    meter = Meter(table.row(1))
    meter.take(Batch([ended(route="a.test", endpoint="a:1")]))
    meter.flush()
    table.give_back({("requests", "a.test", "a:1"): ("requests", "a.test", GONE)})
    meter.flush()
    totals = table.totals()
    where = Where(totals.layout, PLAN)
    assert where.whole(totals) == 0
    assert Flow(where, totals).routes(1.0) == []


def test_the_whole_is_the_sum_of_all_pairs_in_the_plan_or_not() -> None:
    totals = counted((3, "b.test", "a:1", 200), (2, "-", None, 404))
    row = told("all", Where(totals.layout, PLAN).whole(totals), 1.0)
    assert row[:3] == ["all", 5.0, 0.0]


def test_where_nothing_was_counted_there_are_no_rows() -> None:
    found = flow(counted())
    assert found.routes(1.0) == found.endpoints(1.0) == found.edges(1.0) == []
