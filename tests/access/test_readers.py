"""No path reaches a protected place of an origin by a route that is open: the router alone, by
many paths, and that what judges it can tell."""

import random
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from porch.errors import BadRequest
from porch.http.message import RequestHead
from porch.route.entry import Entry
from porch.route.pattern import parse_key
from porch.route.route import Route
from porch.route.router import Router
from porch.route.when import parse_when
from tests.access.readers import is_protected, may_be_protected, taken_by_lax

PIECES = (
    *(b"admin", b"admin", b"admin", b"x", b"a", b"/", b"/", b"/", b"..", b"..", b"."),
    *(b"%2f", b"%2F", b"%5c", b"\\", b"%2e", b"%2E", b"%61dmin", b";", b";x=1", b"%3b", b"%00"),
    *(b"ADMIN", b"admin.", b"%2561dmin", b"%c1%a1dmin", b"%u0061", b"%20", b"::$DATA", b"//h"),
    *(b"%25", b"%252e", b"%252f", b"%c0%af", b"%20", b"%", b"~", b"%3f", b"%23", b"%0a", b"//"),
)
paths = st.lists(st.sampled_from(PIECES), max_size=14).map(lambda each: b"/" + b"".join(each))
"""More of what matters than of the rest."""


@pytest.mark.parametrize(
    "path",
    [
        *(b"/admin", b"/admin/x", b"/%61dmin/x", b"/x/../admin", b"//admin", b"/x/..%2fadmin"),
        *(b"/x/..;/admin", b"/admin;a=b/c", b"/x\\..\\admin", b"/admin%00x", b"/x/%2e%2e/admin"),
        *(b"/a%2fb/..;/admin/x", b"/a%2fb/..\\admin/x", b"/b;%2fc/..%2fadmin/x"),
    ],
)
def test_what_some_origin_takes_for_a_protected_path_is_seen(path: bytes) -> None:
    assert is_protected(path)


@pytest.mark.parametrize(
    "path", [b"/", b"/x", b"/administrator", b"/x/admin", b"/Admin", b"/admin.", b"/%2561dmin"]
)
def test_and_what_none_does_is_not(path: bytes) -> None:
    assert not is_protected(path)


@pytest.mark.parametrize(
    "path",
    [
        *(b"/Admin", b"/admin.", b"/%2561dmin", b"/%c1%a1dmin/x", b"/x/%252e%252e/ADMIN%20/x"),
        *(b"//a.test/admin", b"/admin::$DATA", b"/%u0061dmin", b"/admin%e2%80%8b/x"),
    ],
)
def test_what_a_lax_one_takes_for_it_is(path: bytes) -> None:
    assert may_be_protected(path, b"/admin")
    assert not may_be_protected(path, b"/other")


CLOSED, OPEN = "a.test/admin/*", "a.test"


def guards_of(access: str) -> frozenset[tuple[str, str]]:
    return frozenset((("auth", access),) * bool(access))


def router(closed: str) -> Router:
    """closed: what tells the access of the protected route."""
    entries = [
        Entry(
            pattern=parse_key(key),
            route=Route(key=key, target="one origin", access=access, guards=guards_of(access)),
            conditions=parse_when({}),
        )
        for key, access in ((CLOSED, closed), (OPEN, ""))
    ]
    return Router(entries, no_site=NOBODY, no_route=NOBODY)


NOBODY = Route(key="nobody")
PROTECTING, BARE = router("by auth"), router("")


def passes(router: Router, path: bytes) -> bool:
    """Whether it gets by the open route to what an origin protects."""
    try:
        route = router.find(RequestHead(b"GET", path, b"a.test", b"http", []), b"192.0.2.1")
    except BadRequest:
        return False
    return route.key == OPEN and may_be_protected(path, b"/admin")


@given(paths)
@example(b"/a%2fb/..;/admin/x")
@example(b"/a%2fb/..\\admin/x")
@example(b"/b;%2fc/..%2fadmin/x")
@example(b"/admin%00/x")
@example(b"/%61dmin/../x")
@example(b"/;x\\y%2fadmin")
@example(b"/x/../%61dmin/%2e%2e/y")
@example(b"//a.test/%2561dmin./y")
@example(b"/%2f%00%252e/ADMIN..%00admin...")
@example(b"/..::$DATA.%2e%3b%5cadmin..")
@example(b"///h%c0%af%2Eadmin...///;::$DATA//admin%20")
def test_no_path_gets_by_the_open_route_to_what_is_protected(path: bytes) -> None:
    assert not passes(PROTECTING, path), {*taken_by_lax(path)}


def test_without_protection_many_of_them_do() -> None:
    chance = random.Random(1)
    made = [b"/" + b"".join(chance.choices(PIECES, k=6)) for _ in range(600)]
    assert sum(passes(BARE, each) for each in made) > 20
    assert not any(passes(PROTECTING, each) for each in made)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_nor_do_very_many() -> None:
    chance = random.Random()  # others each time: what is found is named
    until = time.monotonic() + 600
    while time.monotonic() < until:
        path = b"/" + b"".join(chance.choices(PIECES, k=chance.randrange(1, 14)))
        assert not passes(PROTECTING, path), path
