"""What the supervisor tells of the page's picture."""

import json
import pickle
from typing import Any

import pytest

from porch.balance.endpoint import Out
from porch.config.orders import Closed
from porch.manage.page.drawing import NEVER, Drawing, Plan, drawing
from tests.manage.test_facts import door

ROUTES = {
    "a.test": {"to": ["a:1", "b:1"]},
    "b.test/x/*": {"to": "api", "limit": "10/min per client"},
    "c.test": "redirect:https://a.test/",
}


def plan_of(made: Any) -> Plan:
    plan = drawing(made, NEVER).plan
    assert plan is not None
    return plan


def test_it_says_which_route_leads_to_which_pool_and_endpoint() -> None:
    plan = plan_of(door(routes=ROUTES, pool={"api": {"servers": ["c:1", "d:1"]}}))
    assert {key: pools for key, (_, _, pools) in plan.routes.items()} == {
        "a.test": ["a.test"],
        "b.test/x/*": ["[pool.api]"],
        "c.test": [],
    }
    assert plan.routes["c.test"][1] == "redirect:https://a.test/"
    assert set(plan.endpoints) == {
        ("a.test", "a:1"),
        ("a.test", "b:1"),
        ("[pool.api]", "c:1"),
        ("[pool.api]", "d:1"),
    }
    assert [*plan.limits] == ["b.test/x/*: client"]
    assert not plan.has_cache
    assert plan_of(door(cache=True)).has_cache


def test_routes_with_one_key_and_different_conditions_are_one_with_the_pools_of_all() -> None:
    beta = {"to": "b:1", "when": {"header": {"x-beta": "1"}}}
    plan = plan_of(door(routes={"a.test": [{"to": "a:1"}, beta]}))
    ((_, _, pools),) = plan.routes.values()
    assert sorted(pools) == sorted({pool for pool, _ in plan.endpoints})
    assert len(pools) == 2


def test_no_secret_of_a_condition_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSIDE", "a-word-for-those-inside")
    when = {"header": {"x-inside": "${INSIDE}"}}
    plan = plan_of(door(routes={"a.test": [{"to": "a:1"}, {"to": "b:1", "when": when}]}))
    ((_, _, pools),) = plan.routes.values()
    assert sorted(pools) == sorted({pool for pool, _ in plan.endpoints})
    assert pools[1] == 'a.test header x-inside = "${INSIDE}"'


def test_a_canary_is_one_of_the_pools_of_its_route() -> None:
    plan = plan_of(door(routes={"a.test": {"to": "a:1", "canary": {"to": "b:1", "share": "5%"}}}))
    (_, _, pools) = plan.routes["a.test"]
    assert sorted(pools) == sorted({pool for pool, _ in plan.endpoints})
    assert len(pools) == 2


def test_a_plan_that_is_known_is_not_told_again() -> None:
    made = door()
    first = drawing(made, NEVER)
    assert drawing(made, first.revision).plan is None
    made.in_force.changes += 1
    assert drawing(made, first.revision).plan is not None


def test_what_is_so_now_is_told_each_time_and_can_be_sent() -> None:
    made = door(routes=ROUTES, pool={"api": {"servers": ["c:1"]}})
    in_force = made.in_force
    in_force.standings.note((("a.test", "b:1"), "refused", Out("dns_error", 1.8e9)))
    in_force.standings.note((("a.test", "a:1"), "drained", Out("by porch drain", 1.8e9)))
    in_force.orders.drained["a.test", "a:1"] = 1.8e9
    in_force.orders.weights["[pool.api]", "c:1"] = 3
    in_force.orders.closed["b.test/x/*"] = Closed(since=1.8e9, until=1.9e9)
    found: Drawing = pickle.loads(pickle.dumps(drawing(made, NEVER)))
    now = json.loads(json.dumps(found.now))
    assert [(each[1], each[3]) for each in now["out"]] == [("b:1", False), ("a:1", True)]
    assert "dns_error" in now["out"][0][2]
    assert now["weights"] == [["[pool.api]", "c:1", 3]]
    assert now["closed"] == {"b.test/x/*": 1.9e9}
    assert [each["undo"].split()[1] for each in now["orders"]] == [
        "undrain",
        "weight",
        "maintenance",
    ]
    assert found.workers == [{"slot": 0, "pid": 4711, "row": 1, "ready": True, "missed": 0}]
    assert now["ends"] == [["a.test", 2000.0, False]]


def test_it_says_of_which_revision_it_is() -> None:
    assert drawing(door(), NEVER).now["etag"] == '"1-0"'
