"""From the word `connections` to bounds and filters."""

from typing import Any

from porch.config.build import Built, build
from porch.config.load import load_mapping
from porch.config.state import State
from porch.crowd import CrowdTable
from porch.shield.admission_client import ClientAdmission


def built(state: State | None = None, **words: Any) -> Built:
    loaded = load_mapping({"listen": ":80", "routes": {"a.test": "b:1"}, **words})
    found = build(loaded, state or State())
    assert found is not None, loaded.report()
    return found


def test_without_the_word_nothing_is_bounded_but_slowness() -> None:
    settings = built().settings
    assert not settings.bounds.counts
    assert settings.min_rate == 240


def test_each_word_is_a_bound_at_the_door() -> None:
    words = {"most": 9, "per_client": 8, "new_per_second": 7, "new_per_client": 6}
    bounds = built(connections=words, limits={"min_rate": False}).settings.bounds
    assert (bounds.most, bounds.per_client, bounds.new, bounds.new_per_client) == (9, 8, 7, 6)
    assert bounds.exempt is None


def test_who_speaks_for_many_clients_is_exempt() -> None:
    words: Any = {"trust": "10.0.0.0/8", "proxy_protocol": "192.0.2.1"}
    exempt = built(connections={"per_client": 8}, **words).settings.bounds.exempt
    assert exempt is not None
    assert [exempt(each) for each in (b"10.1.2.3", b"192.0.2.1", b"192.0.2.2")] == [
        True,
        True,
        False,
    ]


def test_requests_at_once_are_counted_on_every_route_in_the_crowd_of_the_worker() -> None:
    state = State()
    state.crowd = CrowdTable(2).row(1)
    found = built(state, connections={"requests_per_client": 5})
    hooks = found.entries[0].route.plan.on_request
    assert [
        repr(hook.__self__) for hook in hooks if isinstance(hook.__self__, ClientAdmission)
    ] == ["<ClientAdmission 5 at once>"]
