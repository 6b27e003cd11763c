"""What the page shows of the last seconds."""

from collections.abc import Mapping
from typing import Any

import pytest

from porch.balance.endpoint import FAILED
from porch.errors import ConnectionRefused
from porch.manage.columns import COLUMNS, Columns
from porch.manage.page.drawing import Plan
from porch.manage.page.picture import FAILING, MOST, WINDOW, Picture, told_plan
from porch.observe.ended import Batch
from porch.observe.exposition import ACCEPTED
from porch.observe.meter import Meter
from porch.observe.series import GONE, SeriesTable
from porch.route.route import RUNNING
from porch.shared import SharedTable
from tests.support.ended import ended
from tests.support.network import FakeClock


def plan(routes: Mapping[str, list[str]], endpoints: Mapping[tuple[str, str], int]) -> Plan:
    """routes: key to pools."""
    return Plan(
        listeners=["http://127.0.0.1:80"],
        routes={
            key: (f"a.toml:{at}", "words", [*pools])
            for at, (key, pools) in enumerate(routes.items())
        },
        endpoints=dict(endpoints),
        limits={},
        has_cache=False,
    )


class Watched:
    """A worker of a door with two routes that share an endpoint's address, not its pool."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock(monkeypatch)
        self.table = SharedTable(3, COLUMNS)
        self.table.use(2)
        self.series = SeriesTable(3)
        self.meters = [Meter(self.series.row(row)) for row in (1, 2)]
        names = [("a.test", "a:1"), ("[pool.api]", "a:1"), ("[pool.api]", "b:1")]
        self.columns = Columns(self.table).assign(names)
        self.picture = Picture(self.series, self.table)
        self.picture.draw(plan({"a.test": ["a.test"], "b.test": ["[pool.api]"]}, self.columns))
        self.picture.look()

    def end(self, count: int, worker: int = 0, **words: Any) -> None:
        self.meters[worker].take(Batch([ended(**words) for _ in range(count)]))
        self.meters[worker].flush()

    def look(self, after: float = 1.0) -> dict[str, Any]:
        self.clock.advance(after)
        return self.picture.look()


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


def test_flow_is_told_by_route_endpoint_and_what_joins_them(watched: Watched) -> None:
    watched.end(10, route="a.test", endpoint="a:1")
    watched.end(6, 1, route="b.test", endpoint="a:1")
    watched.end(4, 1, route="b.test", endpoint="b:1", status=502)
    watched.table.rows[1][watched.columns["[pool.api]", "b:1"] + FAILED] += 4
    found = watched.look(2.0)
    assert [row[:3] for row in found["routes"]] == [[0, 5.0, 0.0], [1, 5.0, 2.0]]
    assert [row[:3] for row in found["endpoints"]] == [[0, 5.0, 0.0], [1, 3.0, 0.0], [2, 2.0, 2.0]]
    assert [row[:4] for row in found["edges"]] == [
        [0, 0, 5.0, 0.0],
        [1, 1, 3.0, 0.0],
        [1, 2, 2.0, 2.0],
    ]
    assert found["all"][1:3] == [10.0, 2.0]
    assert found["routes"][0][3] == pytest.approx(0.0175)  # 12.1 ms: of the bucket up to 25 ms


def test_nothing_is_nothing(watched: Watched) -> None:
    found = watched.look()
    assert found["all"] is None
    assert found["routes"] == found["endpoints"] == found["edges"] == []
    assert found["point"] == [0.0, 0.0, None, None]


def test_a_picture_is_of_the_last_seconds_and_a_point_of_the_last_look(watched: Watched) -> None:
    watched.end(10, route="a.test", endpoint="a:1")
    assert watched.look()["point"][0] == 10.0
    for _ in range(int(WINDOW) - 1):
        found = watched.look()
        assert found["point"][0] == 0.0
        assert found["all"] is not None
    assert found["seconds"] == WINDOW
    assert found["all"][1] == 2.0
    assert watched.look()["all"] is None


def test_what_the_door_answers_itself_has_no_edge_and_what_no_route_took_its_name(
    watched: Watched,
) -> None:
    watched.end(3, route="-", endpoint=None, status=404)
    watched.end(2, route="a.test", endpoint=None, status=429)
    found = watched.look()
    assert [row[0] for row in found["routes"]] == ["-", 0]
    assert found["edges"] == []


def test_failures_are_told_by_reason(watched: Watched) -> None:
    watched.end(2, route="a.test", endpoint="a:1", status=502, error=ConnectionRefused("no"))
    assert watched.look()["reasons"] == {"connection_refused": 2}


def test_connections_are_told_by_listener_over_all_workers(watched: Watched) -> None:
    for row in (1, 2):
        watched.series.row(row).of((ACCEPTED, str(row), ":443"), 1)[0] += 5
    watched.series.row(1).of((ACCEPTED, "1", ":80"), 1)
    assert watched.look(2.0)["listeners"] == {":443": 5.0}


def test_what_runs_at_an_endpoint_is_seen_before_it_ends(watched: Watched) -> None:
    watched.table.rows[1][watched.columns["[pool.api]", "b:1"] + RUNNING] = 3
    watched.table.rows[2][watched.columns["[pool.api]", "b:1"] + RUNNING] = 4
    assert watched.look()["endpoints"] == [[2, 0.0, 0.0, None, None, 0, 7]]


def test_of_very_many_the_busiest_are_told_and_of_the_others_those_that_fail(
    watched: Watched,
) -> None:
    routes = {f"{at}.test": [f"{at}.test"] for at in range(MOST + FAILING + 100)}
    watched.picture.draw(plan(routes, {}))
    for at, key in enumerate(routes):
        watched.end(1 if at >= MOST else 3, route=key, endpoint="a:1", status=200)
    quiet = [*routes][MOST : MOST + FAILING + 20]
    for key in quiet:
        watched.end(1, route=key, endpoint=None, status=502)
    found = watched.look()
    assert {row[0] for row in found["routes"][:MOST]} == {*range(MOST)}
    assert all(row[2] for row in found["routes"][MOST:])
    assert len(found["routes"]) == MOST + FAILING
    assert found["all"][1] == sum((MOST * 3, FAILING + 100, len(quiet)))


def test_a_worker_that_dies_takes_nothing_back(watched: Watched) -> None:
    watched.end(5, route="a.test", endpoint="a:1")
    watched.look()
    watched.series.clear(1)
    watched.end(5, 1, route="a.test", endpoint="a:1")
    assert watched.look()["point"][0] == 5.0


def test_names_that_are_given_back_are_no_flow(watched: Watched) -> None:
    watched.end(9, route="a.test", endpoint="a:1")
    watched.end(9, route="gone.test", endpoint="a:1")
    watched.look()
    gone = {("requests", "a.test", "a:1"): ("requests", "a.test", GONE)}
    watched.series.give_back({**gone, ("requests", "gone.test", "a:1"): None})
    for meter in watched.meters:
        meter.flush()
    watched.end(2, route="b.test", endpoint="b:1")
    assert watched.look()["point"][0] == 2.0
    for _ in range(int(WINDOW)):
        found = watched.look()
    assert found["all"] is None or found["all"][1] <= 2.0


def test_the_plan_is_told_in_places_and_in_the_words_of_the_commands() -> None:
    made = plan(
        {"a.test": ["[pool.api]"], "b.test": []},
        {("[pool.api]", "a:1"): 7, ("[pool.spare]", "b:1"): 14},
    )
    assert told_plan(made) == {
        "listeners": ["http://127.0.0.1:80"],
        "routes": [["a.test", "a.toml:0", "words", [0]], ["b.test", "a.toml:1", "words", []]],
        "pools": ["api", "spare"],
        "endpoints": [[0, "a:1"], [1, "b:1"]],
        "has_cache": False,
    }


def test_what_an_endpoint_fails_at_is_told_whoever_answers_in_its_place(watched: Watched) -> None:
    column = watched.columns["[pool.api]", "b:1"]
    watched.table.rows[1][column + FAILED] += 4
    assert [row[:3] for row in watched.look(2.0)["endpoints"]] == [[2, 0.0, 2.0]]
    watched.look(WINDOW)
    assert watched.look(WINDOW)["endpoints"] == []
