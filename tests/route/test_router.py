"""The router: what it finds, held against a slow reference that is obviously right."""

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.errors import BadRequest
from porch.http.message import RequestHead
from porch.route.entry import Entry
from porch.route.pattern import parse_key
from porch.route.route import Route
from porch.route.router import Router
from porch.route.ties import ties
from porch.route.when import parse_when

NO_SITE = Route(key="no-site")
NO_ROUTE = Route(key="no-route")
CLIENT = b"10.0.0.1"


def entry(
    key: str,
    to: str = "",
    priority: int = 0,
    access: object = None,
    guards: Sequence[tuple[str, str]] = (),
    **when: object,
) -> Entry:
    return Entry(
        pattern=parse_key(key),
        route=Route(key=key, target=to or key, access=access, guards=frozenset(guards)),
        conditions=parse_when(when),
        priority=priority,
    )


def router(*entries: Entry | str) -> Router:
    made = [entry(each) if isinstance(each, str) else each for each in entries]
    return Router(made, no_site=NO_SITE, no_route=NO_ROUTE)


def request(url: str, method: str = "GET", **fields: str) -> RequestHead:
    host, slash, rest = url.partition("/")
    target = (slash + rest).encode() if slash else b"*"
    values = [(name.encode(), value.encode()) for name, value in fields.items()]
    return RequestHead(method.encode(), target, host.encode(), b"http", values)


def found(router: Router, url: str, method: str = "GET", **fields: str) -> str:
    return router.find(request(url, method, **fields), CLIENT).key


KEYS = (
    "a.test",
    "a.test/",
    "a.test/x",
    "a.test/x/*",
    "a.test/x/y/*",
    "POST a.test/x/*",
    "a.test/~/r[0-9]+$",
    "*.a.test/w/*",
    "*.b.a.test",
    "d.b.a.test/only",
    "[::1]/x",
    "bücher.test",
)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("a.test/", "a.test/"),
        ("a.test/?q=/x", "a.test/"),
        ("a.test/z", "a.test"),
        ("a.test/x", "a.test/x"),
        ("a.test/x?q", "a.test/x"),
        ("a.test/x/", "a.test/x/*"),
        ("a.test/x/z", "a.test/x/*"),
        ("a.test/xy", "a.test"),
        ("a.test/x/y", "a.test/x/y/*"),
        ("a.test/x/y/z/z/z", "a.test/x/y/*"),
        ("a.test/x/yz", "a.test/x/*"),
        ("a.test/r42", "a.test/~/r[0-9]+$"),
        ("a.test/r42/x", "a.test"),
        ("a.test", "a.test"),
        ("A.TEST.:8443/x", "a.test/x"),
        ("c.a.test/w/1", "*.a.test/w/*"),
        ("c.a.test/x", "no-route"),
        ("c.b.a.test/x", "*.b.a.test"),
        ("d.b.a.test/only", "d.b.a.test/only"),
        ("d.b.a.test/x", "*.b.a.test"),
        ("b.a.test/w", "*.a.test/w/*"),
        ("b.a.test/only", "no-route"),
        ("[0:0:0:0:0:0:0:1]:80/x", "[::1]/x"),
        ("xn--bcher-kva.test/", "bücher.test"),
        ("b.test/", "no-site"),
        ("/x", "no-site"),
    ],
)
def test_the_most_specific_route_is_found(url: str, key: str) -> None:
    assert found(router(*KEYS), url) == key


def test_a_method_in_the_key_is_one_condition_more() -> None:
    assert found(router(*KEYS), "a.test/x/z", "POST") == "POST a.test/x/*"
    assert found(router(*KEYS), "a.test/x/z", "HEAD") == "a.test/x/*"


def test_more_conditions_win_and_where_none_hold_the_next_wider_path_is_tried() -> None:
    routes = router(
        entry("a.test/x/*", "two", header={"x": "1"}, query={"q": True}),
        entry("a.test/x/*", "one", header={"x": "1"}),
        entry("a.test/*", "rest"),
    )

    def to(url: str, **fields: str) -> str:
        return routes.find(request(url, **fields), CLIENT).target

    assert to("a.test/x/1?q", x="1") == "two"
    assert to("a.test/x/1", x="1") == "one"
    assert to("a.test/x/1?q") == "rest"


def test_where_no_condition_of_a_host_holds_the_next_wider_host_is_tried() -> None:
    routes = router(entry("a.test", client="192.168.0.0/16"), "*.test/x/*", "*")
    assert found(routes, "a.test/x/1") == "*.test/x/*"
    assert found(routes, "a.test/y") == "*"
    assert found(router(entry("a.test", client="192.168.0.0/16")), "a.test/") == "no-route"


def test_priority_decides_among_equals_alone() -> None:
    routes = router(
        entry("a.test/~/x", "low"),
        entry("a.test/~.*y", "high", priority=1),
        entry("a.test/xy", "exact"),
    )
    assert routes.find(request("a.test/xzy"), CLIENT).target == "high"
    assert routes.find(request("a.test/xz"), CLIENT).target == "low"
    assert routes.find(request("a.test/xy"), CLIENT).target == "exact"


def test_an_asterisk_is_taken_by_what_takes_the_whole_host() -> None:
    assert found(router("a.test", "a.test/x/*"), "a.test", "OPTIONS") == "a.test"
    assert found(router("a.test/x/*"), "a.test", "OPTIONS") == "no-route"


def test_a_host_is_known_if_any_route_names_it() -> None:
    routes = router("a.test/x", "*.b.test")
    assert routes.known_host(b"A.test:8080")
    assert routes.known_host(b"x.b.test")
    assert not routes.known_host(b"b.test")
    assert not routes.known_host(b"")
    assert router("*").known_host(b"anything.test")
    assert not router().known_host(b"a.test")


def test_a_host_named_like_a_wildcard_does_not_take_its_place() -> None:
    routes = router("*.a.test", "*/x")
    assert found(routes, "*/x") == "*/x"
    assert found(routes, "*.a.test/") == "*.a.test"


# --- readings ----------------------------------------------------------------------------------

SPLIT = (entry("a.test", "app"), entry("a.test/admin/*", "app", access="staff"))


@pytest.mark.parametrize(
    "path",
    [
        "/x/../admin",
        "/%61dmin/users",
        "//admin",
        "/x/%2e%2e/admin",
        "/x%2F..%2Fadmin",
        "/x\\..\\admin",
        "/x%5c..%5Cadmin",
        "/admin/../x",
        "/admin/..%2fx",
        "/./admin",
    ],
)
def test_a_path_whose_readings_have_other_access_rules_is_refused(path: str) -> None:
    with pytest.raises(BadRequest) as caught:
        found(router(*SPLIT), f"a.test{path}")
    assert caught.value.status == 400
    assert '"a.test"' in caught.value.detail
    assert '"a.test/admin/*"' in caught.value.detail


def test_the_refusal_says_how_the_path_can_be_read() -> None:
    with pytest.raises(BadRequest) as caught:
        found(router(*SPLIT), "a.test/x/../admin?q")
    assert caught.value.detail == (
        'the path can be read in two ways: as sent it takes "a.test", '
        'as /admin it takes "a.test/admin/*"'
    )


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/x/../y", "a.test"),
        ("/x//y%2Fz", "a.test"),
        ("/admin//users", "a.test/admin/*"),
        ("/admin/a%2Fb", "a.test/admin/*"),
        ("/x?q=/../admin", "a.test"),
    ],
)
def test_a_path_whose_readings_agree_takes_the_route_of_the_path_as_sent(
    path: str, key: str
) -> None:
    assert found(router(*SPLIT), f"a.test{path}") == key


def test_routes_of_one_target_and_access_may_stand_for_one_another() -> None:
    routes = router(entry("a.test", "app"), entry("a.test/b/*", "app"))
    assert found(routes, "a.test/a/../b") == "a.test"


def test_another_target_is_enough_to_refuse() -> None:
    with pytest.raises(BadRequest):
        found(router("a.test", "a.test/b/*"), "a.test/a/../b")


def test_a_path_that_has_no_route_in_one_reading_is_refused() -> None:
    with pytest.raises(BadRequest, match='"no-route"'):
        found(router("a.test/b/*"), "a.test/a/../b")


def test_a_path_of_no_site_is_not_refused() -> None:
    assert found(router("a.test"), "b.test/a/../b") == "no-site"


def test_a_path_that_could_climb_out_of_a_rewrite_is_refused() -> None:
    made = entry("a.test")
    made = replace(made, route=replace(made.route, rewrite=lambda request: b"/pub"))
    with pytest.raises(BadRequest, match=r'[.][.] segment, and "a.test" rewrites paths'):
        found(router(made), "a.test/x/../y")
    assert found(router(made), "a.test/x//y") == "a.test"


# --- against a reference -------------------------------------------------------------------------

HOSTS = ["a.test", "b.a.test", "*.test", "*.a.test", "*"]
PATHS = ["", "/", "/x", "/x/", "/x/*", "/x/y", "/x/y/*", "/xy", "/~/x", "/~.*y$", "/~/x/y"]
METHODS = ["", "GET ", "POST "]
WHENS: list[dict[str, object]] = [
    {}, {}, {}, {"header": {"h": "1"}}, {"header": {"h": "2"}}, {"header": {"h": False}},
    {"header": {"h": True}, "client": "10.0.0.0/8"},
    {"client": "11.0.0.0/8"}, {"query": {"q": "1"}},
]  # fmt: skip

specs = st.tuples(
    st.sampled_from(METHODS),
    st.sampled_from(HOSTS),
    st.sampled_from(PATHS),
    st.sampled_from(WHENS),
    st.integers(0, 2),
)
Spec = tuple[str, str, str, dict[str, object], int]


def made(spec: Spec) -> Entry:
    method, host, path, when, priority = spec
    return entry(f"{method}{host}{path}", "one target", priority, **when)


def weight(
    spec: Spec, host: str, path: str, method: str, fields: dict[str, str], query: str, client: str
) -> tuple[object, ...] | None:
    """How well an entry fits, the higher the better; None if it does not. Straight from the rules
    of the language, over strings."""
    wanted_method, wanted_host, wanted_path, when, priority = spec
    if wanted_method and wanted_method.strip() != method:
        return None
    if wanted_host == "*":
        host_weight = (0, 0)
    elif wanted_host.startswith("*."):
        if not host.endswith(wanted_host[1:]) or host == wanted_host[1:]:
            return None
        host_weight = (1, len(wanted_host))
    elif wanted_host == host:
        host_weight = (2, 0)
    else:
        return None
    if wanted_path == "":
        path_weight = (0, 0)
    elif wanted_path.startswith("/~"):
        if not re.match(wanted_path[2:], path):
            return None
        path_weight = (1, 0)
    elif wanted_path.endswith("/*"):
        if path != wanted_path[:-2] and not path.startswith(wanted_path[:-1]):
            return None
        path_weight = (2, len(wanted_path))
    elif wanted_path == path:
        path_weight = (3, 0)
    else:
        return None
    count = 1 if wanted_method else 0
    for word, value in when.items():
        count += 1
        if word == "client":
            if not client.startswith(str(value)[:3]):
                return None
        else:
            assert isinstance(value, dict)
            ((name, text),) = value.items()
            have = fields.get(name) if word == "header" else query[2:] or None
            if isinstance(text, bool):
                if text is not (have is not None):
                    return None
            elif have != text:
                return None
    return host_weight, path_weight, count, priority


class Other(NamedTuple):
    method: str = "GET"
    h: str = ""
    query: str = ""
    client: bytes = b"10.0.0.1"


OTHERS = (
    *(Other(), Other("POST"), Other("PUT"), Other(h="1"), Other(h="2")),
    *(Other(query="?q=1"), Other(query="?q=2"), Other(client=b"12.0.0.1")),
)


@given(
    specs=st.lists(specs, max_size=14),
    shuffled=st.randoms(use_true_random=False),
    host=st.sampled_from(["a.test", "b.a.test", "c.b.a.test", "x.test", "test", "other"]),
    path=st.sampled_from(["/", "/x", "/x/", "/x/y", "/x/y/", "/x/y/z", "/xy", "/x/yy", "/z", "/y"]),
    method=st.sampled_from(["GET", "POST", "PUT"]),
    fields=st.sampled_from([{}, {"h": "1"}, {"h": "2"}, {"h": "3"}]),
    query=st.sampled_from(["", "q=1", "q=2"]),
    client=st.sampled_from(["10.0.0.1", "11.0.0.1", "12.0.0.1"]),
)
def test_the_router_finds_what_the_reference_finds_in_any_order_of_the_routes(
    specs: list[Spec],
    shuffled: Random,
    host: str,
    path: str,
    method: str,
    fields: dict[str, str],
    query: str,
    client: str,
) -> None:
    kept: list[tuple[Spec, Entry]] = []
    for spec in specs:
        new = made(spec)
        if not ties([*(each for _, each in kept), new]):
            kept.append((spec, new))

    weighed = [
        (fit, each.route)
        for spec, each in kept
        if (fit := weight(spec, host, path, method, fields, query, client)) is not None
    ]
    best = max((fit for fit, _ in weighed), default=None)
    winners = [route for fit, route in weighed if fit == best]
    assert len(winners) <= 1, "a tie that was not found at load"

    shuffled.shuffle(kept)
    routes = router(*(each for _, each in kept))
    head = request(f"{host.upper()}:81{path}?{query}".rstrip("?"), method, **fields)
    none = NO_ROUTE if routes.known_host(host.encode()) else NO_SITE
    expected = winners[0] if winners else none
    # Whatever else was asked of the same path before: only what goes by that alone is remembered.
    for other in OTHERS:
        odd = request(f"{host.upper()}:81{path}{other.query}", other.method, h=other.h)
        routes.find(odd, other.client)
    assert routes.find(head, client.encode()) is expected
    assert routes.find(head, client.encode()) is expected
    listed = routes.candidates(head, client.encode())
    taken = [each.entry.route for each in listed if not each.loses]
    assert taken == winners


# --- candidates ----------------------------------------------------------------------------------


def reasons(routes: Router, url: str, **fields: str) -> list[tuple[str, str]]:
    listed = routes.candidates(request(url, **fields), CLIENT)
    return [(each.entry.pattern.key, each.loses) for each in listed]


def test_candidates_are_all_that_match_in_order_each_with_why_it_loses() -> None:
    routes = router(
        "*",
        "a.test",
        "a.test/~/x",
        entry("a.test/x/*", priority=2),
        "a.test/other",
        entry("a.test/x/*", header={"beta": "1"}),
        "POST a.test/x/1",
        "*.test/x/*",
    )
    assert reasons(routes, "a.test/x/1") == [
        ("POST a.test/x/1", "needs method POST"),
        ("a.test/x/*", 'needs header beta = "1"'),
        ("a.test/x/*", ""),
        ("a.test/~/x", "prefix before regex"),
        ("a.test", "longer prefix"),
        ("*.test/x/*", "exact host"),
        ("*", "exact host"),
    ]


def test_candidates_without_a_winner_say_what_each_needs() -> None:
    assert reasons(router("POST a.test", "PUT a.test/x"), "a.test/x") == [
        ("PUT a.test/x", "needs method PUT"),
        ("POST a.test", "needs method POST"),
    ]
    assert reasons(router("a.test"), "b.test/") == []


def test_a_router_tells_how_large_it_is() -> None:
    assert repr(router("a.test", "a.test/x", "*")) == "<Router 2 hosts 3 routes 0 paths>"


def test_entries_may_come_one_by_one_in_any_order() -> None:
    whole = router(*KEYS)
    one_by_one = router()
    for key in KEYS[::-1]:
        one_by_one.add(entry(key))
    for url in ("a.test/x", "a.test/x/y", "a.test/xy", "a.test/", "b.a.test/x", "c.example"):
        assert found(one_by_one, url) == found(whole, url)
        both = [made.candidates(request(url), CLIENT) for made in (one_by_one, whole)]
        one, other = ([each.entry.pattern.key for each in shown] for shown in both)
        assert one == other


def test_what_is_released_finds_nothing_and_no_step_touches_more_than_one_route() -> None:
    made = [entry(f"{number % 7}.test/{number}/*") for number in range(100)]
    made += [entry(f"{number}.example") for number in range(100)]
    big = router(*made)
    running = big.find(request("5.test/5/x"), CLIENT)

    def references() -> list[int]:
        return [sys.getrefcount(each) + sys.getrefcount(each.route) for each in made]

    before = references()
    for _ in big.releasing():
        now = references()
        assert sum(one != two for one, two in zip(before, now, strict=True)) <= 1
        before = now
    assert repr(big) == "<Router 0 hosts 0 routes 0 paths>"
    assert found(big, "5.test/5/x") == "no-site"
    assert (running.key, running.plan) == ("5.test/5/*", made[5].route.plan)


def test_a_path_with_too_many_readings_is_refused() -> None:
    made = router("a.test", "a.test/x/*")
    with pytest.raises(BadRequest, match="too many ways"):
        found(made, "a.test" + "/x/..%2f%5c..\\;y/..;%2f//a" * 20)
