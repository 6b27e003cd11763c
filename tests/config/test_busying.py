"""Which routes are how important, and when a door asks."""

from typing import Any

from porch.config.build import Built, build
from porch.config.load import load_mapping
from porch.config.state import State
from porch.http.message import RequestHead
from porch.route.route import ALWAYS, HIGH, LOW, NORMAL
from porch.shield.busy import Busy


def built(state: State | None = None, **words: Any) -> Built:
    loaded = load_mapping({"listen": ":80", **words})
    made = build(loaded, state or State())
    assert made is not None, loaded.report()
    return made


def test_without_the_word_a_door_asks_the_router_itself() -> None:
    made = built(routes={"a.test": "respond:204"})
    assert made.settings.router is made.router


def test_with_it_routes_are_found_behind_who_may_refuse() -> None:
    state = State()
    made = built(state, routes={"a.test": "respond:204"}, busy="50ms")
    found = made.settings.router
    assert isinstance(found, Busy)
    assert found._refusal._counts is state.turned_away
    assert found._find == made.router.find


def test_the_nearest_importance_holds() -> None:
    routes = {
        "a.test": "respond:204",
        "b.test": {"to": "respond:204", "importance": "always"},
        "c.test": "respond:204",
        "c.test/x": {"to": "respond:204", "importance": "high"},
    }
    site = {"c.test": {"importance": "low"}}
    made = built(routes=routes, site=site, busy="20ms")
    found = {entry.route.key: entry.route.importance for entry in made.entries}
    assert found == {"a.test": NORMAL, "b.test": ALWAYS, "c.test": LOW, "c.test/x": HIGH}


def test_only_where_it_makes_a_difference_it_is_noted_who_was_let_in() -> None:
    state = State()
    routes = {
        "a.test": {"to": "respond:204", "importance": "known", "auth": "py:a:b"},
        "b.test": {"to": "respond:204", "auth": "py:a:b"},
    }
    for words, where in (({"busy": "20ms"}, {"a.test"}), ({}, set())):
        made = built(state, routes=routes, **words)
        owners = {
            each.route.key: [getattr(hook, "__self__", None) for hook in each.route.plan.on_request]
            for each in made.entries
        }
        assert {key for key, found in owners.items() if state.known in found} == where
    owners_with = built(state, routes=routes, busy="20ms").entries[0].route.plan.on_request
    kinds = [type(getattr(hook, "__self__", None)).__name__ for hook in owners_with]
    assert kinds.index("Authenticate") < kinds.index("Known")


def test_who_asks_for_what_is_not_there_is_the_least_important() -> None:
    made = built(routes={"a.test/x": "respond:204"}, busy="20ms")
    for host in (b"a.test", b"b.test"):
        request = RequestHead(b"GET", b"/y", host, b"http", [])
        assert made.router.find(request, b"192.0.2.1").importance == LOW
