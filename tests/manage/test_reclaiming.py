"""Names of counts are given back when nobody counts under them any more."""

from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.manage.candidate import Candidate
from porch.manage.reclaiming import EVERY, Reclaiming, alive
from porch.observe import series_row
from porch.observe.ended import Batch
from porch.observe.exposition import PLAIN, Exposition
from porch.observe.meter import Meter
from porch.observe.series import GONE, SeriesTable
from tests.support.ended import ended
from tests.support.network import FakeClock


def candidate(routes: dict[str, Any], **words: Any) -> Candidate:
    loaded = load_mapping({"listen": ":80", "routes": routes} | words)
    found = Candidate.examine(loaded)
    assert found is not None, loaded.report()
    return found


class Counted:
    """A door's series, where a worker counts. routes, found: of the configuration in force."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, most: int = 60) -> None:
        monkeypatch.setattr(series_row, "MOST", most)
        self.clock = FakeClock(monkeypatch)
        self.series = SeriesTable(2)
        self.meter = Meter(self.series.row(1))
        self.routes: dict[str, Any] = {}
        self.found: list[tuple[str, str]] = []
        self.reclaiming = Reclaiming(self.series, lambda: alive(candidate(self.routes), self.found))

    def count(self, route: str, endpoint: str | None = "10.0.0.1:80", **words: Any) -> None:
        self.meter.take(Batch([ended(route=route, endpoint=endpoint, **words)]))
        self.meter.flush()

    def look(self) -> None:
        """The next one, and the worker's behind it."""
        self.clock.advance(EVERY)
        self.reclaiming.look()
        self.meter.flush()

    def page(self) -> str:
        return Exposition().page(self.series.totals(), (), PLAIN).decode()


def test_routes_of_many_reloads_give_their_names_back_and_none_is_counted_as_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    door = Counted(monkeypatch)
    stays = "stays.test/*"
    for reload in range(20):
        door.routes = dict.fromkeys(
            (stays, *(f"r{reload}-{n}.test" for n in range(8))), "10.0.0.1:80"
        )
        for route in door.routes:
            door.count(route, "10.0.0.1:80")
        for _ in range(3):
            door.look()
        assert (
            f'porch_requests_total{{route="{stays}",endpoint="10.0.0.1:80",code="2xx"}} '
            + str(reload + 1)
            in door.page()
        )
    assert 'endpoint="other"' not in door.page()
    assert 'route="r0-0.test"' not in door.page()
    assert 'route="r19-7.test"' in door.page()


def test_a_name_that_is_gone_for_less_than_a_minute_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Counted(monkeypatch)
    door.routes = {"a.test": "10.0.0.1:80"}
    for number in range(40):
        door.count(f"r{number}.test")
    door.look()
    assert 'route="r0.test"' in door.page()
    door.reclaiming.look()
    assert 'route="r0.test"' in door.page()
    door.look()
    assert 'route="r0.test"' not in door.page()


def test_nothing_is_given_back_where_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Counted(monkeypatch, most=1000)
    door.routes = {"a.test": "10.0.0.1:80"}
    door.count("gone.test")
    for _ in range(4):
        door.look()
    assert 'route="gone.test"' in door.page()
    assert repr(door.reclaiming) == "<Reclaiming 0 names>"


def test_the_times_of_a_route_are_those_of_all_that_it_ever_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Containers come and go, each with an address of its own: the route's histogram never goes
    back, and their own series end."""
    door = Counted(monkeypatch)
    door.routes = {"a.test": "10.0.0.1:80"}
    for number in range(100):
        door.found = [("a.test", f"10.0.1.{number}:80")]
        door.count("a.test", f"10.0.1.{number}:80")
        for _ in range(3):
            door.look()
        said = f'porch_request_duration_seconds_count{{route="a.test"}} {number + 1}\n'
        assert said in door.page()
    page = door.page()
    assert 'endpoint="10.0.1.99:80"' in page
    assert 'endpoint="10.0.1.0:80"' not in page
    assert f'endpoint="{GONE}"' not in page


def test_what_is_in_force_counts_and_what_no_configuration_has() -> None:
    routes = {
        "a.test": {"to": ["10.0.0.1:80", "10.0.0.2:80"], "mirror": {"to": "10.0.0.9:80"}},
        "b.test": "respond:204",
    }
    is_alive = alive(candidate(routes), [("a.test", "10.0.0.3:80")])
    living = [
        ("requests", "a.test", "10.0.0.1:80"),
        ("requests", "a.test", "10.0.0.3:80"),
        ("requests", "a.test", "-"),
        ("requests", "a.test mirror", "10.0.0.9:80"),
        ("requests", "b.test", "-"),
        ("requests", "no-site", "-"),
        ("requests", "-", "-"),
        ("requests", "other", "other"),
        ("errors", "no-route", "no-route"),
        ("lost", "stdout"),
    ]
    assert [name for name in living if not is_alive(name)] == []
    dead = [
        ("requests", "a.test", "10.0.0.4:80"),
        ("requests", "c.test", "10.0.0.1:80"),
        ("requests", "c.test", GONE),
        ("errors", "c.test", "connection_refused"),
    ]
    assert [name for name in dead if is_alive(name)] == []


def test_a_route_that_comes_again_counts_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Counted(monkeypatch)
    door.routes = {"a.test": "10.0.0.1:80"}
    for number in range(40):
        door.count(f"r{number}.test")
    for _ in range(2):
        door.look()
    assert door.series.totals() == {}
    door.count("r0.test")
    labels = 'route="r0.test",endpoint="10.0.0.1:80",code="2xx"'
    assert f"porch_requests_total{{{labels}}} 1\n" in door.page()
