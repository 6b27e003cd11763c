"""The facts of a status come from memory and the system, never from a worker."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from porch import clock
from porch.balance.endpoint import CHECKED_AT, Out
from porch.balance.standing import NOT_COPIED
from porch.config.listing import Listing
from porch.config.load import load_mapping
from porch.config.orders import Back, Order
from porch.manage.candidate import Candidate
from porch.manage.columns import CONNECTIONS, CUT, CUTS, TURNED_AWAY
from porch.manage.in_force import InForce
from porch.manage.listening import Listening
from porch.manage.process import Process
from porch.manage.status import status
from porch.route.route import REQUESTS


def door(routes: dict[str, Any] | None = None) -> Any:
    words = {"listen": ":80", "routes": routes or {"*": ["a:1", "b:1"]}}
    candidate = Candidate.examine(load_mapping(words))
    assert candidate is not None
    in_force = InForce(candidate, Listening(), {})
    in_force.remember(lambda: candidate.loaded)
    process = Process(os.getpid(), 0, 1, None, -1)
    fleet = SimpleNamespace(all=[process])
    return SimpleNamespace(
        in_force=in_force,
        fleet=fleet,
        version="1",
        since=0.0,
        control="/run/porch/1f.sock",
        is_stopping=False,
        captures=SimpleNamespace(told=None),
        auditing=SimpleNamespace(told={"file": None, "lost": 0}),
    )


def test_a_worker_that_hangs_is_in_it_like_the_others() -> None:
    made = door()
    made.in_force.table.rows[1][CONNECTIONS] = 4
    made.fleet.all[0].missed = 5
    (worker,) = status(made)["workers"]  # type: ignore[misc]
    assert worker["connections"] == 4
    assert worker["state"] == "hanging for 5 s"


def test_where_it_is_asked_is_told() -> None:
    assert status(door())["control"] == "/run/porch/1f.sock"


def test_connections_that_were_cut_are_counted_by_reason_word_over_all_workers() -> None:
    made = door()
    table = made.in_force.table
    for row, count in ((0, 5), (1, 2)):
        table.use(row)
        table.rows[row][CUT + CUTS.index("client_flood")] = count
    assert status(made)["cut"]["client_flood"] == 7


def test_requests_that_busy_workers_refused_are_counted_over_all_of_them() -> None:
    made = door()
    table = made.in_force.table
    for row, count in ((0, 5), (1, 2)):
        table.use(row)
        table.rows[row][TURNED_AWAY] = count
    assert status(made)["turned_away"] == {"low": 7, "normal": 0, "high": 0}


def test_what_is_spoken_is_told_where_it_is_not_http_1_1() -> None:
    made = door({"*": ["a:1", "h2c://b:1", "https://c:1"]})
    said = [each.get("speaks") for each in status(made)["upstreams"]]  # type: ignore[attr-defined]
    assert said == [None, "HTTP/2", "HTTP/2 or 1.1"]


def test_what_is_spoken_with_those_that_were_found_is_told_too() -> None:
    made = door({"*": ["dns:h2.internal:80"]})
    source = "dns:h2.internal:80"
    made.in_force.discovered.note(Listing(source=source, found=(("h2c://b:1", 1, 0),)))
    (found,) = status(made)["upstreams"]  # type: ignore[misc]
    assert (found["endpoint"], found["speaks"]) == ("b:1", "HTTP/2")


def test_an_endpoint_that_refuses_says_why() -> None:
    made = door()
    table = made.in_force.table
    table.use(1)
    column = made.in_force.columns.of[("*", "a:1")]
    table.rows[1][column] = 2
    made.in_force.standings.note((("*", "a:1"), "refused", Out("dns_error", 1.8e9)))
    first, second = status(made)["upstreams"]  # type: ignore[misc]
    assert (first["state"], first["running"]) == (
        "out since 2027-01-15T08:00:00Z: dns_error",
        2,
    )
    assert first["out_since"] == "2027-01-15T08:00:00Z"
    assert (second["state"], second["out_since"]) == ("up", None)


def test_a_worker_of_before_an_upgrade_has_no_counts() -> None:
    made = door()
    made.fleet.all[0].row = 0
    (worker,) = status(made)["workers"]  # type: ignore[misc]
    assert worker["requests"] is None


def test_orders_canaries_and_what_mirrors_left_out_are_told() -> None:
    canary = {"to": "c:1", "share": "5%", "abort_if": "errors > 5% for 30s"}
    mirror = {"to": "s:1"}
    words = {"to": "a:1", "canary": canary, "mirror": mirror}
    made = door({"a.test": words})
    in_force = made.in_force
    in_force.orders.note(Order("drained", ("a.test", "a:1"), 1.8e9))
    column = in_force.columns.of[("a.test mirror", NOT_COPIED)]
    in_force.table.rows[0][column + REQUESTS] = 7
    found = status(made)
    names = [(each["pool"], each["endpoint"]) for each in found["upstreams"]]  # type: ignore[attr-defined]
    assert names == [("a.test", "a:1"), ("a.test canary", "c:1"), ("a.test mirror", "s:1")]
    assert found["mirrors"] == [{"pool": "a.test mirror", "not_copied": 7}]
    (order,) = found["orders"]  # type: ignore[misc]
    assert order["since"] == "2027-01-15T08:00:00Z"
    (told,) = found["canaries"]  # type: ignore[misc]
    assert (told["who"], told["state"]) == ("5% of the clients", "on")
    words = in_force.candidate.canaries["a.test"].words
    in_force.orders.note(Order("back", "a.test", Back(since=0.0, why="bad", words=words)))
    (told,) = status(made)["canaries"]  # type: ignore[misc]
    assert told["state"] == "back: bad"


def test_it_says_when_one_is_checked_again_and_when_one_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "wall", lambda: 1.8e9 + 191)
    monkeypatch.setattr(clock, "monotonic", lambda: 50.0)
    made = door()
    table, columns = made.in_force.table, made.in_force.columns.of
    table.use(1)
    one, two = ("*", "a:1"), ("*", "b:1")
    table.rows[1][columns[one] + CHECKED_AT] = 53_200
    standings = made.in_force.standings
    standings.note((one, "unhealthy", Out("connection refused, 4 of 4", 1.8e9 + 191)))
    standings.note((two, "ejected", Out("5 failures in a row", 1.8e9 + 181, 1.8e9 + 211)))
    first, second = status(made)["upstreams"]  # type: ignore[misc]
    assert first["state"] == ("out since 08:03:11: connection refused, 4 of 4; next check in 3 s")
    assert second["state"] == "out since 08:03:01: ejected: 5 failures in a row; back in 20 s"


def test_where_certificates_are_kept_is_told_to_who_asks_beside_it(tmp_path: Path) -> None:
    made = door()
    assert status(made)["configuration"]["store"] is None  # type: ignore[index]
    words = {"listen": ["https://127.0.0.1:0"], "routes": {"a.test": ":1"}, "store": str(tmp_path)}
    made.in_force.candidate = Candidate.examine(load_mapping(words))
    assert status(made)["configuration"]["store"] == str(tmp_path)  # type: ignore[index]


def test_a_refused_change_is_told_until_one_is_not() -> None:
    made = door()
    assert status(made)["configuration"]["refused"] is False  # type: ignore[index]
    made.in_force.was_refused = True
    assert status(made)["configuration"]["refused"] is True  # type: ignore[index]


def test_what_is_said_and_captured_for_some_minutes_is_told() -> None:
    found = door()
    told: Any = status(found)
    assert (told["log_level"], told["capture"]) == ("normal", None)
    found.in_force.debug_until = clock.monotonic() + 245.4
    found.captures.told = {"client": "192.0.2.7"}
    told = status(found)
    assert told["log_level"] == "debug for 245 s more"
    assert told["capture"] == {"client": "192.0.2.7"}


def test_since_when_it_stops_is_told_of_one_that_does() -> None:
    made = door()
    assert status(made)["stopping_since"] is None
    made.is_stopping, made.stopping_since = True, 1.8e9
    assert status(made)["stopping_since"] == "2027-01-15T08:00:00Z"
