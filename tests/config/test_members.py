"""Pools whose endpoints are found: who stays, who goes, in force and while a reload is built."""

from typing import Any

import pytest

from porch.balance.tiers import Tiers
from porch.config.build import Built, build
from porch.config.listing import Listing
from porch.config.load import load_mapping
from porch.config.members import Members
from porch.config.state import State
from porch.config.steps import complete
from porch.forward.address import BOTH, ONE, TWO
from porch.route.route import RUNNING
from tests.config.test_state import FakePool

SOURCE = "dns:api:80"


class Door:
    """A state and the configuration that is in force with it."""

    def __init__(self, **words: Any) -> None:
        self.state = State(FakePool)
        self.words = {"routes": {"a.test": SOURCE}} | words
        self.found("a", "b")
        self.load()

    def found(self, *names: str, source: str = SOURCE, **more: Any) -> None:
        entries = tuple((f"{name}:80", 1, 0) for name in names)
        self.state.listings[source] = Listing(source=source, found=entries, **more)

    def build(self) -> Built:
        loaded = load_mapping(self.words)
        self.state.begin()
        made = build(loaded, self.state)
        assert made is not None, loaded.report()
        return made

    def load(self) -> None:
        self.built = self.build()
        self.state.commit()

    def refresh(self) -> None:
        for each in self.built.members:
            complete(each.refreshing(self.state, now=True))

    @property
    def members(self) -> Members:
        return self.built.members[0]

    @property
    def endpoints(self) -> dict[str, Any]:
        return {each.name: each for each in self.members.upstream.endpoints}


@pytest.fixture
def door() -> Door:
    return Door()


def test_what_is_known_is_in_the_pool_when_it_is_built(door):
    assert [*door.endpoints] == ["a:80", "b:80"]


def test_who_stays_is_the_same_and_who_goes_is_closed(door):
    before = door.endpoints
    before["b:80"].counts[RUNNING] = 3
    before["b:80"].take_out("drained", "by hand")
    version = door.members.upstream.roster.version
    door.found("b", "c")
    assert door.members.is_outdated(door.state)
    door.refresh()
    assert [*door.endpoints] == ["b:80", "c:80"]
    kept = door.endpoints["b:80"]
    assert kept is before["b:80"]
    assert (kept.counts[RUNNING], [*kept.out]) == (3, ["drained"])
    assert before["a:80"].connections.closed == 1
    assert kept.connections.closed == 0
    assert door.members.upstream.roster.version > version
    assert not door.members.is_outdated(door.state)


def test_trouble_alone_turns_nothing(door):
    upstream = door.members.upstream
    version, endpoints = upstream.roster.version, upstream.endpoints
    door.found("a", "b", trouble="it found nothing")
    door.refresh()
    assert (upstream.roster.version, upstream.endpoints) == (version, endpoints)
    assert upstream.missing == ""


def test_an_empty_pool_says_why():
    made = Door()
    made.state.listings = {SOURCE: Listing(source=SOURCE, trouble="no such name")}
    made.words = {"routes": {"b.test": SOURCE}}
    made.load()
    upstream = made.members.upstream
    text = str(upstream.nobody(None))
    assert "pool b.test has no endpoint" in text
    assert "discovery of dns:api:80 has found nothing yet: no such name" in text
    made.state.listings = {SOURCE: Listing(source=SOURCE, trouble="the servers failed")}
    made.refresh()
    assert "the servers failed" in str(upstream.nobody(None))


def test_fixed_ones_stay_and_are_not_doubled():
    made = Door(routes={"a.test": ["a:80", "x:1", SOURCE]})
    assert [*made.endpoints] == ["a:80", "x:1", "b:80"]
    fixed = made.endpoints["a:80"]
    made.found("c")
    made.refresh()
    assert [*made.endpoints] == ["a:80", "x:1", "c:80"]
    assert made.endpoints["a:80"] is fixed
    assert fixed.connections.closed == 0


def test_weights_multiply_and_change_in_place():
    made = Door(routes={"a.test": {"to": {"to": SOURCE, "weight": 3}}})
    a = made.endpoints["a:80"]
    assert (a.weight, a.priority) == (3, 0)
    made.state.listings[SOURCE] = Listing(source=SOURCE, found=(("a:80", 2, 1), ("b:80", 0, 0)))
    made.refresh()
    assert made.endpoints["a:80"] is a
    assert (a.weight, a.priority) == (6, 1)
    assert made.endpoints["b:80"].weight == 0


def test_two_sources_of_a_pool_are_put_together():
    made = Door(routes={"a.test": [SOURCE, "dns:web:80"]})
    made.found("b", "w", source="dns:web:80")
    made.refresh()
    assert [*made.endpoints] == ["a:80", "b:80", "w:80"]
    b = made.endpoints["b:80"]
    made.found("a")
    made.refresh()
    assert made.endpoints["b:80"] is b
    assert b.connections.closed == 0


def test_a_reload_keeps_who_was_found(door):
    before = door.endpoints
    door.load()
    assert door.endpoints == before
    assert all(each.connections.closed == 0 for each in before.values())


def test_what_is_found_while_a_reload_is_built_is_in_it(door):
    before = door.endpoints
    built = door.build()
    door.found("b", "c")
    door.refresh()  # of what is in force
    c = door.endpoints["c:80"]
    for each in built.members:
        complete(each.refreshing(door.state, now=False))
    door.built = built
    door.state.commit()
    assert door.endpoints == {"b:80": before["b:80"], "c:80": c}
    assert (c.connections.closed, before["a:80"].connections.closed) == (0, 1)


def test_what_is_found_no_more_before_the_rest_is_closed_is_closed_once(door):
    before = door.endpoints
    door.built = door.build()
    rest = door.state.committing()
    next(rest)
    door.found("b")
    door.refresh()
    for _ in rest:
        pass
    assert [each.connections.closed for each in before.values()] == [1, 0]


def test_a_reload_that_came_to_nothing_leaves_no_trace(door):
    door.build()
    door.found("c")
    door.refresh()
    door.load()
    assert [*door.endpoints] == ["c:80"]


def test_a_pool_that_is_gone_takes_its_endpoints_with_it(door):
    before = door.endpoints
    door.words = {"routes": {"a.test": ":1"}}
    door.built = door.build()
    door.state.commit()
    assert all(each.connections.closed == 1 for each in before.values())


def test_https_is_verified_for_who_was_asked_for():
    made = Door(routes={"a.test": "dns:https://api.test"})
    made.state.listings["dns:https://api.test"] = Listing(
        source="dns:https://api.test", found=(("https://10.0.0.1:443", 1, 0),)
    )
    made.refresh()
    address = made.endpoints["10.0.0.1:443"].connections.made_of[0]
    assert (address.host, address.server_name) == ("10.0.0.1", "api.test")
    assert address.tls is not None


def test_tls_of_the_route_may_name_another():
    words = {"to": "dns:https://api.test", "tls": {"server_name": "c.test", "verify": False}}
    made = Door(routes={"a.test": words})
    assert made.members.secure.server_name == "c.test"
    assert made.members.secure.tls.check_hostname is False


def test_entries_of_a_list_are_of_every_kind():
    made = Door(routes={"a.test": "list:a.json"})
    names = ("https://b.test:443", "unix:/run/u", "[::1]:80", "h2c://c.test:81")
    found = tuple((name, 1, 0) for name in names)
    made.state.listings["list:a.json"] = Listing(source="list:a.json", found=found)
    made.refresh()
    assert [*made.endpoints] == ["b.test:443", "unix:/run/u", "[::1]:80", "c.test:81"]
    first = made.endpoints["b.test:443"].connections.made_of[0]
    assert first.tls is not None
    assert first.server_name == ""
    spoken = [each.connections.made_of[0].protocols for each in made.endpoints.values()]
    assert spoken == [BOTH, ONE, ONE, TWO]


def test_a_tier_of_a_source_is_behind_that_of_its_entries():
    made = Door(routes={"a.test": {"to": [{"to": "srv:_a._tcp.b", "priority": 2}, "x:1"]}})
    made.state.listings["srv:_a._tcp.b"] = Listing(source="srv:_a._tcp.b", found=(("a:1", 1, 3),))
    made.refresh()
    assert {name: each.priority for name, each in made.endpoints.items()} == {"x:1": 0, "a:1": 5}
    assert type(made.members.upstream._balancer) is Tiers


def test_a_hash_is_placed_in_steps_before_anybody_is_served(monkeypatch):
    steps = []
    made = Door(routes={"a.test": {"to": SOURCE, "balance": "hash client"}})
    ring = made.members.arrange
    assert ring is not None

    def arrange(endpoints):
        for each in ring(endpoints):
            steps.append(each)
            yield

    made.members.arrange = arrange
    made.found("c", "d", "e")
    made.refresh()
    assert steps == []  # requests look at it: the next one pays for the difference
    made.members.upstream.use([])
    made.found(*(f"h{number}" for number in range(30)))
    made.refresh()
    assert len(steps) >= 30
