"""The caches of routes, and which hooks meet a client, an origin, or both."""

from types import SimpleNamespace
from typing import Any

import pytest

from porch.balance.admission import Admission
from porch.cache.filter import Cache
from porch.cache.locks import Locks
from porch.cache.memory_store import MemoryStore
from porch.cache.passes import Passes
from porch.cache.shelf import Shelf
from porch.config.build import build
from porch.config.caches import faces_origin, key_suffix
from porch.config.load import load_mapping
from porch.config.state import State
from porch.filter import Filter
from porch.http.message import RequestHead
from porch.route.plan import Plan
from porch.route.route import Route


def routes(words: dict[str, Any], shelf: bool = True, **more: Any) -> dict[str, Route]:
    found = load_mapping({"routes": words} | more, "porch.toml")
    assert found.ok, found.report()
    state = State()
    locks = Locks.make()
    state.shelf = Shelf(MemoryStore(1 << 20), Locks(locks), Passes(locks)) if shelf else None
    built = build(found, state)
    assert built is not None
    return {entry.route.key: entry.route for entry in built.entries}


def hooks(plan: Plan, phase: str) -> list[str]:
    return [type(each.__self__).__name__ for each in getattr(plan, phase)]


def cache_of(route: Route) -> Cache:
    (found,) = [
        each.__self__  # type: ignore[attr-defined]
        for each in route.plan.on_request
        if isinstance(each.__self__, Cache)  # type: ignore[attr-defined]
    ]
    assert isinstance(found, Cache)
    return found


def test_a_route_without_a_cache_and_a_door_that_keeps_nothing_have_none() -> None:
    assert "Cache" not in hooks(routes({"*": ":1"})["*"].plan, "on_request")
    cached = {"*": {"to": ":1", "cache": True}}
    assert "Cache" not in hooks(routes(cached, shelf=False)["*"].plan, "on_request")
    assert "Cache" in hooks(routes(cached)["*"].plan, "on_request")


def test_a_hit_meets_nothing_that_faces_an_origin() -> None:
    words = {
        "to": "pool",
        "cache": True,
        "mirror": {"to": ":9"},
        "retry": {"hedge": "50ms"},
        "headers": {"request": {"X-A": "b"}, "response": {"X-C": "d"}},
    }
    pool = {"pool": {"servers": [":1", ":2"], "sticky": True, "overload": {"endpoint": 10}}}
    route = routes({"*": words}, pool=pool)["*"]
    order = hooks(route.plan, "on_request")
    assert order.index("Cache") < order.index("Admission")
    assert order.index("Cache") < order.index("Mirror")
    asked = cache_of(route).route
    assert {"Admission", "Mirror"} <= set(hooks(asked.plan, "on_request"))
    assert "Cache" not in hooks(asked.plan, "on_request")
    facing = hooks(asked.plan, "on_upstream_request")
    assert {"Hedge", "Mirror", "RequestHeaders", "ForwardingHeaders"} <= set(facing)
    assert "Ended" not in hooks(asked.plan, "on_end")
    assert hooks(asked.plan, "on_response") == hooks(asked.plan, "on_cut") == []
    assert "ResponseHeaders" in hooks(route.plan, "on_response")


def test_the_exchange_for_the_store_is_like_the_routes_but_opens_no_tunnel() -> None:
    words = {"to": ":1", "cache": True, "timeouts": {"response": "7s"}, "rewrite": "/x"}
    route = routes({"a.test/b": words})["a.test/b"]
    asked = cache_of(route).route
    assert asked.destination is route.destination
    assert asked.rewrite is route.rewrite
    assert asked.timeouts.response == 7.0
    assert asked.retry is route.retry
    assert asked.upgrades == frozenset()


def test_routes_that_differ_in_their_conditions_have_keys_apart() -> None:
    many = [{"to": ":1"}, {"to": ":2", "when": {"header": {"X-Beta": True}}}]
    found = load_mapping({"cache": True, "routes": {"a.test": many}}, "porch.toml")
    state = State()
    locks = Locks.make()
    state.shelf = Shelf(MemoryStore(1 << 20), Locks(locks), Passes(locks))
    built = build(found, state)
    assert built is not None
    suffixes = [cache_of(entry.route)._suffix for entry in built.entries]
    assert len(set(suffixes)) == 2
    assert b"" in suffixes, "without conditions the key is the same as ever"


def test_a_route_of_one_method_has_keys_apart_from_the_one_for_the_rest() -> None:
    found = routes({"GET a.test/x": ":1", "HEAD a.test/x": ":2", "a.test": ":3"}, cache=True)
    suffixes = {key: cache_of(route)._suffix for key, route in found.items()}
    assert len(set(suffixes.values())) == 3
    assert suffixes["a.test"] == b"", "where nothing is left to another the key is as ever"


def test_what_is_kept_inside_is_found_by_no_client() -> None:
    entry = load_mapping({"routes": {"POST a.test/x": ":1"}}).routes[0]
    assert entry.pattern is not None
    found = {
        key_suffix(name, entry.pattern, is_internal=inside)
        for name in (entry.pattern.key, "a.test/x when")
        for inside in (True, False)
    }
    assert len(found) == 4
    assert b"" not in found


@pytest.mark.parametrize(("kind", "faces"), [(Admission, False), (Filter, False), (Cache, True)])
def test_who_faces_an_origin_is_known_by_the_phases(kind: type[Filter], faces: bool) -> None:
    assert faces_origin(kind.__new__(kind)) == faces


@pytest.mark.parametrize(("trust", "expected"), [([], 0), (["192.0.2.0/24"], 4)])
def test_what_a_trusted_proxy_tells_counts_of_its_requests_alone(
    trust: list[str], expected: int
) -> None:
    route = routes({"a.test": {"to": ":1", "cache": True}}, trust=trust)["a.test"]
    cache = cache_of(route)
    for peer, count in ((b"192.0.2.1", expected), (b"198.51.100.1", 0)):
        request = RequestHead(b"GET", b"/", b"a.test", b"http", [])
        exchange: Any = SimpleNamespace(client=SimpleNamespace(peer=peer), request=request)
        assert len(cache.rules_for(exchange).fields) == count
