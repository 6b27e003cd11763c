"""Which routes have the filters of gRPC."""

import re
from typing import Any

import pytest

from porch.config.build import build
from porch.config.calling import NO_CALLS, Calling, may_take_calls
from porch.config.load import load_mapping
from porch.config.pools import pools
from porch.config.state import State
from porch.config.target import parse_target
from porch.grpc.calls import Calls
from porch.grpc.web import GrpcWeb
from porch.route.plan import Plan
from porch.route.route import Timeouts


@pytest.mark.parametrize(
    ("target", "may"),
    [
        ("http://a.test:80", False),
        ("10.0.0.1:80", False),
        ("unix:/run/a.sock", False),
        ("https://a.test", True),
        ("h2://a.test", True),
        ("h2c://a.test:80", True),
        ("dns:a.test:80", False),
        ("list:/etc/endpoints.json", True),
    ],
)
def test_gRPC_needs_an_endpoint_that_may_speak_http_2(target: str, may: bool) -> None:
    assert may_take_calls(parse_target(target)) is may


def test_routes_with_the_same_timeouts_share_a_filter() -> None:
    calling = Calling()
    first = calling.filters(Timeouts(), web=False)
    assert [type(each) for each in first] == [Calls]
    again = calling.filters(Timeouts(), web=True)
    assert again[0] is first[0]
    assert [type(each) for each in again] == [Calls, GrpcWeb]
    assert calling.filters(Timeouts(idle=1), web=False)[0] is not first[0]


def plan_of(route: Any, **more: Any) -> tuple[Plan, str]:
    """Its plan, and what was said about it."""
    loaded = load_mapping({"listen": ":80", "request_id": False, "routes": {"*": route}, **more})
    built = build(loaded, State(pools()))
    assert built is not None, loaded.report()
    return built.entries[0].route.plan, loaded.report()


def kinds(plan: Plan) -> list[type]:
    """Of the filters that have something to say when an answer is cut short."""
    return [type(hook.__self__) for hook in plan.on_cut]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("route", "more", "found"),
    [
        ("127.0.0.1:80", {}, []),
        ("h2c://127.0.0.1:80", {}, [Calls]),
        (["127.0.0.1:80", "h2c://127.0.0.1:81"], {}, [Calls]),
        ({"to": "h2c://127.0.0.1:80", "grpc_web": True}, {}, [Calls, GrpcWeb]),
        ("h2c://127.0.0.1:80", {"grpc_web": True}, [Calls, GrpcWeb]),
        ("p", {"pool": {"p": {"servers": ["h2c://127.0.0.1:80"]}}}, [Calls]),
        ("p", {"pool": {"p": {"servers": ["127.0.0.1:80"]}}}, []),
        (
            {"to": "127.0.0.1:80", "canary": {"to": "h2c://127.0.0.1:81", "share": "5%"}},
            {},
            [Calls],
        ),
        ("respond:204", {}, []),
    ],
)
def test_a_route_has_them_only_if_it_may_carry_gRPC(route: Any, more: Any, found: Any) -> None:
    plan, said = plan_of(route, **more)
    assert kinds(plan) == found
    assert "grpc_web" not in said


def test_calls_come_before_all_others() -> None:
    plan, _ = plan_of({"to": "h2c://127.0.0.1:80", "retry": {"on": [503], "each": "1s"}})
    assert type(plan.on_request[0].__self__) is Calls  # type: ignore[attr-defined]
    assert type(plan.on_upstream_response[0].__self__) is Calls  # type: ignore[attr-defined]


def test_browsers_calls_need_such_an_origin() -> None:
    _, said = plan_of({"to": "127.0.0.1:80", "grpc_web": True})
    assert NO_CALLS in said


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"grpc_web": True}, "grpc_web"),
        ({"site": {"a.test": {"grpc_web": True}}}, 'site."a.test".grpc_web'),
    ],
)
def test_a_word_for_all_routes_needs_one_of_them(more: dict[str, Any], place: str) -> None:
    route = {"a.test": "127.0.0.1:80"}
    loaded = load_mapping({"listen": ":80", "request_id": False, "routes": route, **more})
    assert build(loaded, State(pools())) is not None
    assert re.search(rf"warning.*{place}.*{re.escape(NO_CALLS)}", loaded.report()), loaded.report()
    route["a.test/b"] = "h2c://127.0.0.1:80"
    loaded = load_mapping({"listen": ":80", "request_id": False, "routes": route, **more})
    assert build(loaded, State(pools())) is not None
    assert NO_CALLS not in loaded.report()
