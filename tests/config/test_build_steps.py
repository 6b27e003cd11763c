"""Building and releasing in steps: how much of the work is in one, and that nothing is left."""

import gc
import ssl
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from pydantic import BaseModel

from porch.balance.endpoint import Endpoint
from porch.balance.upstream import Upstream
from porch.config.build import Built, build, building, releasing
from porch.config.certificates import Certificates
from porch.config.handover import pack, unpack
from porch.config.load import load_mapping
from porch.config.loaded import Loaded, RouteEntry
from porch.config.rehearse import rehearse, request_of
from porch.config.state import Ask, State
from porch.config.steps import Steps, complete
from porch.filter import Filter
from porch.forward.address import Address
from porch.listen.trust import Trust
from porch.route.entry import Entry
from porch.route.pattern import Pattern
from porch.route.plan import Plan
from porch.route.route import Route
from porch.route.router import Router
from porch.route.site import Choice, Site
from porch.tls.certificate import Certificate, keep_only

AUTHORITY = trustme.CA()


def loaded(**words: Any) -> Loaded:
    found = load_mapping({"routes": {"*": ":1"}} | words, "porch.toml")
    assert found.ok, found.report()
    return found


def certificate(folder: Path, name: str) -> dict[str, str]:
    made = AUTHORITY.issue_cert(name)
    made.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
    made.private_key_pem.write_to_path(folder / f"{name}.key")
    return {"cert": f"{folder}/{name}.pem", "key": f"{folder}/{name}.key"}


def route(of: Built, url: str) -> Route:
    return of.settings.router.find(request_of("GET", url, []), b"192.0.2.1")


class Counting(State):
    """Counts what is asked of it: an endpoint each time."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def endpoint(self, ask: Ask, *, now: bool = False) -> Endpoint:
        self.asked += 1
        return super().endpoint(ask, now=now)


def most_a_step(steps: Steps[Any], count: Callable[[], int]) -> tuple[int, int]:
    """The most that a step changes what is counted, and the change of all."""
    first = before = count()
    most = 0
    for _ in steps:
        now = count()
        most, before = max(most, abs(now - before)), now
    return most, abs(count() - first)


def test_a_step_builds_one_route_of_ten_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[Entry] = []
    monkeypatch.setattr(Router, "add", lambda self, entry: added.append(entry))
    routes = {f"a{number % 500}.test/{number}/*": ":1" for number in range(10_000)}
    found, state = loaded(routes=routes), Counting()
    assert most_a_step(building(found, state), lambda: len(added)) == (1, 10_000)
    assert most_a_step(building(found, state), lambda: state.asked) == (1, 10_000)


def test_a_step_makes_one_endpoint_of_a_pool() -> None:
    servers = [f"10.0.0.1:{number + 1}" for number in range(200)]
    for words in (
        {"routes": {"*": "p"}, "pool": {"p": {"servers": servers}}},
        {"routes": {"*": servers}},
    ):
        state = Counting()
        steps = building(loaded(**words), state)
        assert most_a_step(steps, lambda state=state: state.asked) == (1, 200)  # type: ignore[misc]


def test_a_step_loads_one_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = []
    sites = {f"{n}.test": certificate(tmp_path, f"{n}.test") for n in range(5)}
    found = loaded(routes=dict.fromkeys(sites, ":1"), site=sites)

    def load_certificate(pairs: object, password: object, read: object) -> Certificate:
        files.append(pairs)
        return Certificate([])

    monkeypatch.setattr("porch.config.certificates.load_pairs", load_certificate)
    assert most_a_step(building(found, State()), lambda: len(files)) == (1, 5)


def pool(entry: Entry) -> object:
    """The connections of a route with one endpoint."""
    assert isinstance(entry.route.destination, Upstream)
    return entry.route.destination.endpoints[0].connections


def test_a_step_releases_one_route_and_one_that_runs_stays_whole() -> None:
    routes: dict[str, Any] = {f"a{n % 7}.test/{n}/*": ":1" for n in range(100)}
    routes |= {f"{n}.test": {"to": ":1", "when": {"cookie": {"x": "1"}}} for n in range(100)}
    found = loaded(routes=routes)
    state = State()
    made = build(found, state)
    assert made is not None
    state.begin()  # so that the endpoints are their routes' alone
    running = route(made, "http://a5.test/5/x")
    hooks = running.plan.on_upstream_request
    of_routes = [weakref.ref(pool(each)) for each in made.entries]
    left = most_a_step(releasing(made), lambda: sum(each() is not None for each in of_routes))
    assert left == (1, 199)
    assert (running.key, running.target) == ("a5.test/5/*", "127.0.0.1:1")
    assert running.plan.on_upstream_request == hooks != ()
    assert isinstance(running.destination, Upstream)
    assert [each.name for each in running.destination.endpoints] == ["127.0.0.1:1"]
    assert route(made, "http://a5.test/5/x").key == "no-site"
    assert most_a_step(releasing(found), lambda: len(found.routes)) == (1, 200)


def alive(*kinds: type) -> Iterator[object]:
    """Everything of these kinds that there is in this process."""
    return (each for each in gc.get_objects() if isinstance(each, kinds))


def test_a_configuration_goes_away_by_its_reference_counts_alone(tmp_path: Path) -> None:
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "page.html").write_text("<p>ours {status}")
    words: dict[str, Any] = {
        "routes": {
            "a.test/x/*": {"to": [":1", ":2"], "strip": True, "headers": {"X-A": "1"}},
            "a.test/~/x": {"to": ":1", "when": {"client": "10.0.0.0/8"}},
            "b.test": {"to": "https://c.test", "tls": {"ca": str(tmp_path / "ca.pem")}},
            "*": "p",
        },
        "pool": {"p": {"servers": [":1", ":2"]}},
        "site": {"a.test": certificate(tmp_path, "a.test") | {"www": "redirect"}},
        "trust": "private",
        "limits": {"body": "1KB"},
        "error_page": f"{tmp_path}/page.html",
    }
    kinds = (Built, Loaded, RouteEntry, Router, Site, Choice, Entry, Route, Plan, Filter, Upstream)
    kinds += (Pattern, BaseModel, ssl.SSLContext, Certificates, Certificate, Trust, Address)
    gc.collect()
    gc.disable()
    try:
        known = {id(each) for each in alive(*kinds)}
        for build_it in (
            lambda found, state: build(found, state),
            lambda found, state: build(complete(unpack(pack(found))), state),
        ):
            found, state = loaded(**words), State()
            made = build(found, state)
            assert made is not None, found.report()
            made = build_it(found, state)
            assert made is not None
            assert route(made, "http://a.test/x/y").key == "a.test/x/*"
            refused = rehearse(made, request_of("GET", "http://z.test/../%2f", []), b"10.0.0.1")
            assert refused.route is not None
            del refused
            complete(releasing(found))
            complete(releasing(made))
            del found, made, state
            keep_only(())
            assert [each for each in alive(*kinds) if id(each) not in known] == []
    finally:
        gc.enable()
