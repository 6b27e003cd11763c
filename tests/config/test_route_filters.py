"""Which filters a route has, and in which order."""

from typing import Any

import pytest

from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.state import State
from porch.exchange import Exchange
from porch.http.message import Field, RequestHead, Trailers
from porch.route.route import Route


def route(words: dict[str, Any], **more: Any) -> Route:
    found = load_mapping(
        {"request_id": False, "routes": {"a.test": {"to": ":1"} | words}} | more, "porch.toml"
    )
    assert found.ok, found.report()
    built = build(found, State())
    assert built is not None
    return built.entries[0].route


def hooks(made: Route) -> list[str]:
    return [type(each.__self__).__name__ for each in made.plan.on_response]  # type: ignore[attr-defined]


def test_off_costs_no_call() -> None:
    off = [route({}), route({"compress": False}), route({"compress": {"secrets": True}})]
    for made in off:
        assert "Compress" not in [
            type(getattr(hook, "__self__", None)).__name__
            for phase in made.plan.__slots__
            for hook in getattr(made.plan, phase)
        ]


def test_answers_are_coded_behind_what_changes_their_fields() -> None:
    made = route({"compress": True, "headers": {"x-a": "b"}, "strip": False})
    assert hooks(made) == ["ResponseHeaders", "Compress"]


def test_the_nearest_word_wins_and_secrets_stay() -> None:
    assert hooks(route({}, compress=True)) == ["Compress"]
    assert hooks(route({"compress": False}, compress=True)) == []
    kept = route({"compress": ["gzip"]}, site={"a.test": {"compress": {"secrets": True}}})
    assert hooks(kept) == []


class Client:
    """The client's stream, as far as it is asked here."""

    peer = b"192.0.2.7"
    port = b"80"


@pytest.mark.parametrize("name", [b"x-route", b"x.route", b"x_route", b"X~Route", b"x-gone"])
def test_what_a_route_says_in_a_field_no_client_says_in_any_spelling(name: bytes) -> None:
    said = {"request": {"X-Route": "ours", "X-Gone": False, "X-More": ["ours"]}}
    made = route({"headers": said, "underscores": True})
    came: list[Field] = [(name.lower(), b"his"), (b"x-more", b"his")]
    head = RequestHead(b"POST", b"/", b"a.test", b"http", came, None)
    client: Any = Client()
    keeper: Any = None
    exchange = Exchange(keeper, client, head, made, client.peer)
    exchange.outgoing = RequestHead(b"POST", b"/", b"a.test", b"http", [*came], None)
    for hook in made.plan.on_upstream_request:
        hook(exchange)
    behind = Trailers([*came])
    for behind_hook in made.plan.on_request_trailers:
        behind_hook(exchange, behind)
    usual = (b"x-forwarded", b"x-real-ip")
    went = [each for each in exchange.outgoing.fields if not each[0].startswith(usual)]
    assert went == [(b"x-more", b"his"), (b"via", b"1.1 porch"), (b"x-route", b"ours"), MORE]
    assert behind.fields == [(b"x-more", b"his")]


MORE = (b"x-more", b"ours")


@pytest.mark.parametrize("name", [b"remote-user", b"x_auth_request_email"])
def test_where_auth_tells_by_another_field_the_usual_ones_come_from_nobody(name: bytes) -> None:
    """An origin that still reads what `auth.user` was before would take a client's word for it."""
    auth = {"keys": {"ann": "sha256:" + "0a" * 32}, "user": "X-Staff"}
    beside = {"routes": {"a.test": {"to": ":1", "underscores": True}, "b.test": {"to": ":2"}}}
    behind = {"routes": {**beside["routes"], "b.test": {"to": ":2", "auth": auth}}}
    for more, passes in ((beside, True), (behind, False)):
        found = build(load_mapping({"request_id": False} | more), State())
        assert found is not None
        (made,) = [each.route for each in found.entries if each.route.key == "a.test"]
        client: Any = Client()
        keeper: Any = None
        head = RequestHead(b"GET", b"/", b"a.test", b"http", [(name, b"admin")])
        exchange = Exchange(keeper, client, head, made, client.peer)
        exchange.outgoing = RequestHead(b"GET", b"/", b"a.test", b"http", [(name, b"admin")])
        for hook in made.plan.on_upstream_request:
            hook(exchange)
        assert ((name, b"admin") in exchange.outgoing.fields) is passes
