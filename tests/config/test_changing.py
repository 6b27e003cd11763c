"""What a route has of maintenance, canary and mirror when it is built."""

from pathlib import Path
from typing import Any

import pytest

from porch import errors
from porch.balance.canary import Canary
from porch.balance.mirror import Mirror
from porch.balance.standing import NOT_COPIED
from porch.balance.sticky import Sticky
from porch.balance.upstream import Upstream
from porch.config.build import Built, build
from porch.config.changing import networks
from porch.config.load import load_mapping
from porch.config.rehearse import Rehearsal, rehearse, request_of
from porch.config.state import State
from porch.route.route import Route
from porch.shared import Cells


def built(state: State | None = None, **words: Any) -> Built:
    loaded = load_mapping(
        {"listen": ":80", "pool": {"green": {"servers": ":9"}}} | words, "porch.toml"
    )
    made = build(loaded, state or State())
    assert made is not None, loaded.report()
    return made


def the_route(of: Built) -> Route:
    return of.settings.router.find(request_of("GET", "http://a.test/", []), b"192.0.2.1")


def asked(of: Built, client: bytes = b"192.0.2.1") -> Rehearsal:
    return rehearse(of, request_of("GET", "http://a.test/", []), client)


def test_a_route_in_maintenance_is_answered_at_the_door() -> None:
    closed = {"to": ":1", "maintenance": {"allow": ["10.0.0.0/8"], "retry_after": "90s"}}
    made = built(routes={"a.test": closed})
    found = asked(made)
    assert found.status == 503
    assert isinstance(found.error, errors.Maintenance)
    assert found.error.retry_after == 90
    assert asked(made, b"10.0.0.1").sent is not None


def test_a_page_is_read_once_and_watched(tmp_path: Path) -> None:
    page = tmp_path / "soon.html"
    page.write_text("soon")
    made = built(routes={"a.test": {"to": ":1", "maintenance": {"page": str(page)}}})
    assert page in made.files
    assert asked(made).status == 503


@pytest.mark.parametrize(
    ("site", "route", "status"),
    [(True, None, 503), (True, False, 0), (False, True, 503), (None, None, 0)],
)
def test_the_nearest_word_closes_or_opens(site: Any, route: Any, status: int) -> None:
    words = {"to": ":1"} | ({} if route is None else {"maintenance": route})
    sites = {} if site is None else {"a.test": {"maintenance": site}}
    assert asked(built(routes={"a.test": words}, site=sites)).status == status


def test_two_readings_of_a_path_do_not_lead_around_maintenance() -> None:
    made = built(
        routes={"a.test": ":1", "a.test/x/*": {"to": ":1", "maintenance": {"retry_after": "1m"}}}
    )
    open_, closed = (each.route for each in made.entries[:2])
    assert open_.access != closed.access


def test_a_canary_stands_before_the_pool_with_a_pool_of_its_own() -> None:
    canary = {"to": ["c:1", "c:2"], "share": "5%", "abort_if": "errors > 5% for 30s"}
    destination = the_route(built(routes={"a.test": {"to": ":1", "canary": canary}})).destination
    assert isinstance(destination, Canary)
    assert isinstance(destination.canary, Upstream)
    assert [each.name for each in destination.canary.endpoints] == ["c:1", "c:2"]
    assert (destination.name, destination.canary.name) == ("a.test", "a.test canary")
    assert destination.abort is not None
    assert destination.rule.salt == b"a.test"
    assert destination.target == "c:1, c:2"


def test_what_is_told_and_kept_of_a_canary_has_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSIDE", 'a-word-for-"those"-inside')
    model = {"to": ":2", "header": {"x-inside": "${INSIDE}"}}
    canary = the_route(built(routes={"a.test": {"to": ":1", "canary": model}})).destination
    assert isinstance(canary, Canary)
    assert str(canary.rule) == '0% of the clients; or header x-inside = "${INSIDE}"'
    assert "those" not in canary.words
    assert "${INSIDE}" in canary.words


def test_a_canary_may_be_a_pool_with_a_name() -> None:
    canary = {"to": "green", "share": "5%", "sticky": "session"}
    destination = the_route(built(routes={"a.test": {"to": ":1", "canary": canary}})).destination
    assert isinstance(destination, Canary)
    assert destination.canary.name == "[pool.green]"
    assert (destination.rule.sticky, destination.rule.sticky_cookie) == (True, b"session")


def test_a_mirror_is_the_last_filter_and_counts_by_its_name() -> None:
    names = []

    def cells(name: tuple[str, str]) -> Cells:
        names.append(name)
        return Cells(5)

    mirror = {"to": "s:1", "share": "10%"}
    made = built(State(make_cells=cells), routes={"a.test": {"to": ":1", "mirror": mirror}})
    plan = the_route(made).plan
    owner = plan.on_upstream_request[-1].__self__  # type: ignore[attr-defined]
    assert isinstance(owner, Mirror)
    assert (owner.share, owner.route.target, owner.route.retry.attempts) == (0.1, "s:1", 0)
    assert ("a.test mirror", NOT_COPIED) in names


def test_networks_are_those_of_conditions() -> None:
    assert [str(each) for each in networks(["10.0.0.0/8", "::1"])] == ["10.0.0.0/8", "::1/128"]
    assert networks([]) == ()
    with pytest.raises(ValueError, match="nonsense"):
        networks(["nonsense"])


def test_a_sticky_route_keeps_its_clients_apart_from_those_of_its_canary() -> None:
    canary = {"to": ["c:1", "c:2"], "share": "5%"}
    words = {"to": ["a:1", "a:2"], "sticky": True, "canary": canary}
    destination = the_route(built(routes={"a.test": words})).destination
    assert isinstance(destination, Canary)
    assert isinstance(destination.stable, Sticky)
    assert isinstance(destination.canary, Upstream)


def test_a_canary_that_is_a_sticky_pool_sets_its_own_cookie() -> None:
    canary = {"to": "green", "share": "5%"}
    made = built(
        routes={"a.test": {"to": ["a:1", "a:2"], "canary": canary}},
        pool={"green": {"servers": ["c:1", "c:2"], "sticky": True}},
    )
    route = the_route(made)
    assert isinstance(route.destination, Canary)
    pool = route.destination.canary
    assert isinstance(pool, Sticky)
    assert any(getattr(hook, "__self__", None) is pool for hook in route.plan.on_response)
