"""What explain prints, word for word."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from porch.http.message import RequestHead
from porch.route.entry import Entry
from porch.route.explain import explain
from porch.route.pattern import parse_key
from porch.route.rewrite import rewriter
from porch.route.route import Place, Route
from porch.route.router import Router
from porch.route.when import parse_when

if TYPE_CHECKING:
    from porch.exchange import Exchange

CLIENT = b"10.0.0.1"


class FakePool:
    """A pool with a name alone."""

    name = "pool"

    def __init__(self, manner: str = "") -> None:
        self.manner = manner

    def candidates(self, exchange: "Exchange") -> Iterator[Place]:
        return iter(())


def entry(
    key: str, to: str, line: int, *, strip: bool = False, at_door: bool = False, **when: object
) -> Entry:
    pattern = parse_key(key)
    route = Route(
        key=key,
        target=to,
        where=f"porch.toml:{line}",
        destination=None if at_door else FakePool(),
        rewrite=rewriter(pattern, strip=strip),
        access="staff" if "admin" in key else None,
    )
    return Entry(pattern=pattern, route=route, conditions=parse_when(when))


ROUTER = Router(
    [
        entry("example.com/api/*", "10.0.0.11:8000, 10.0.0.12:8000", 3, strip=True),
        entry("example.com/images/*", "10.0.0.21:9000", 4),
        entry("example.com/images/*", "10.0.0.22:9000", 5, header={"x-beta": "1"}),
        entry("example.com/admin/*", "10.0.0.31:3000", 6),
        entry("example.com", "10.0.0.31:3000", 7),
        entry("old.example.com", "redirect:https://example.com", 8, at_door=True),
        entry("POST only.test/x", "10.0.0.41:3000", 9),
    ],
    no_site=Route(key="no-site"),
    no_route=Route(key="no-route"),
)


def request(host: str, target: str, *fields: tuple[bytes, bytes]) -> RequestHead:
    return RequestHead(b"GET", target.encode(), host.encode(), b"https", [*fields])


def text(host: str, target: str, *fields: tuple[bytes, bytes]) -> str:
    return explain(ROUTER, request(host, target, *fields), CLIENT).text()


def test_the_winner_is_named_with_its_place_and_what_it_beats() -> None:
    assert text("example.com", "/images/a.png?w=2") == (
        "site      example.com\n"
        'route     example.com/images/*   porch.toml:4   (beats "example.com": longer prefix)\n'
        'not       example.com/images/*   porch.toml:5   needs header x-beta = "1"\n'
        "not       example.com   porch.toml:7   longer prefix\n"
        "sends     GET /images/a.png?w=2 to 10.0.0.21:9000\n"
        "host      example.com\n"
    )


def test_how_one_of_several_is_chosen_is_told() -> None:
    route = Route(key="a.test", target=":1, :2", destination=FakePool("hash client"))
    made = Entry(pattern=parse_key("a.test"), route=route, conditions=parse_when({}))
    router = Router([made], no_site=Route(key="no-site"), no_route=Route(key="no-route"))
    assert "\nbalance   hash client\n" in explain(router, request("a.test", "/"), CLIENT).text()


def test_conditions_that_decided_are_told() -> None:
    lines = text("example.com", "/images/a.png", (b"x-beta", b"1")).splitlines()
    assert lines[1:4] == [
        "route     example.com/images/*   porch.toml:5   "
        '(beats "example.com/images/*": more conditions, 1 to 0)',
        'when      header x-beta = "1"',
        "not       example.com/images/*   porch.toml:4   more conditions, 1 to 0",
    ]


def test_a_rewritten_target_is_shown_with_what_it_was() -> None:
    assert "sends     GET /users (came as /api/users) to 10.0.0.11:8000, 10.0.0.12:8000\n" in text(
        "example.com:8443", "/api/users"
    )


def test_fields_that_are_added_and_removed_are_shown_but_no_secret() -> None:
    came = request("example.com", "/", (b"accept", b"*/*"), (b"x-real-ip", b"6.6.6.6"))
    sent = request(
        "example.com",
        "/",
        (b"accept", b"*/*"),
        (b"x-forwarded-for", b"10.0.0.1"),
        (b"authorization", b"Basic c2VjcmV0"),
    )
    shown = replace(explain(ROUTER, came, CLIENT), sent=sent).text()
    assert shown.endswith(
        "host      example.com\n"
        "adds      x-forwarded-for: 10.0.0.1\n"
        "adds      authorization: …\n"
        "removes   x-real-ip\n"
    )


def test_what_the_door_answers_itself_is_not_sent() -> None:
    assert text("old.example.com", "/x") == (
        "site      old.example.com\n"
        "route     old.example.com   porch.toml:8\n"
        "answers   at the door: redirect:https://example.com\n"
    )


def test_a_caller_that_asked_the_filters_can_say_what_the_door_answers() -> None:
    explained = explain(ROUTER, request("example.com", "/"), CLIENT)
    shown = replace(explained, answers="403, forbidden by deny").text()
    assert shown.endswith("answers   at the door: 403, forbidden by deny\n")
    assert "sends" not in shown


def test_an_unknown_host_and_an_unknown_path_are_told_apart() -> None:
    assert text("b.test", "/") == (
        "site      no route names this host\n"
        "route     none takes the request: no-site\n"
        "answers   at the door: 404\n"
    )
    assert text("only.test", "/x") == (
        "site      the host has routes\n"
        "route     none takes the request: no-route\n"
        "not       POST only.test/x   porch.toml:9   needs method POST\n"
        "answers   at the door: 404\n"
    )


def test_a_refused_path_is_told_with_both_routes() -> None:
    assert text("example.com", "/x/../admin") == (
        'refused   400: the path can be read in two ways: as sent it takes "example.com", '
        'as /admin it takes "example.com/admin/*"\n'
        "as sent   example.com   porch.toml:7\n"
    )


def test_an_explanation_is_data_too() -> None:
    explained = explain(ROUTER, request("example.com", "/api/users"), CLIENT)
    assert explained.route is not None
    assert explained.winner is not None
    assert explained.winner.entry.route is explained.route
    assert explained.sent is not None
    assert explained.sent.target == b"/users"
    assert explained.known
    assert explain(ROUTER, request("b.test", "/"), CLIENT).winner is None
