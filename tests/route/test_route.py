"""What is decided about a request before it comes."""

from dataclasses import FrozenInstanceError, fields

import pytest

from porch.route.plan import Plan
from porch.route.route import Limits, Route, Timeouts


def test_a_route_keeps_the_promises_that_need_no_option() -> None:
    route = Route(key="a.test")
    assert route.upgrades == {b"websocket"}
    assert route.retry.attempts == 2
    assert route.rewrite is None
    assert route.destination is None
    assert route.timeouts == Timeouts()
    assert route.limits == Limits()


def test_routes_share_no_plan() -> None:
    assert Route(key="a").plan is not Route(key="b").plan
    assert isinstance(Route(key="a").plan, Plan)


def test_a_route_equals_itself_alone() -> None:
    """Two that are written alike still count their requests apart."""
    assert Route(key="a") != Route(key="a")
    assert len({Route(key="a"), Route(key="a")}) == 2


def test_it_prints_where_it_leads() -> None:
    assert repr(Route(key="a.test/*", target=":3000")) == "<Route a.test/* to :3000>"


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("connect", 5),
        ("head", 15),
        ("response", 60),
        ("idle", 60),
        ("keep_alive", 75),
        ("tunnel", 3600),
    ],
)
def test_silence_is_borne_as_long_as_the_documentation_says(name: str, seconds: float) -> None:
    assert getattr(Timeouts(), name) == seconds


def test_a_kept_connection_ends_before_common_servers_end_it() -> None:
    """uvicorn and node close after 5 seconds of silence."""
    assert Timeouts().upstream_idle < 5


@pytest.mark.parametrize("kind", [Timeouts, Limits])
def test_settings_do_not_change_while_serving(kind: type) -> None:
    made = kind()
    for each in fields(kind):
        assert each.name in (kind.__doc__ or "")
        with pytest.raises(FrozenInstanceError):
            setattr(made, each.name, 1)
