"""The router: what finding a route costs, and what is remembered of it."""

import sys
from collections.abc import Sequence
from types import FrameType

import pytest

from porch.errors import BadRequest
from porch.http.message import RequestHead
from porch.route.router import LONGEST, Router
from tests.route.test_router import CLIENT, entry, found, request, router


def calls(routes: Router, head: RequestHead, before: bytes = b"/another") -> int:
    """Python calls of one find, after a first that remembers the host."""
    first = RequestHead(b"GET", before, head.authority, head.scheme, [])
    routes.find(first, CLIENT)
    counted = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        # Ours alone: the collector may run meanwhile, and what hypothesis hung onto it.
        nonlocal counted
        counted += event == "call" and "/src/porch/" in frame.f_code.co_filename

    sys.setprofile(count)
    try:
        routes.find(head, CLIENT)
    finally:
        sys.setprofile(None)
    return counted


@pytest.mark.parametrize("count", [10, 1000])
@pytest.mark.parametrize("path", ["/x", "/x/y/z", "/z?q"])
def test_a_simple_request_costs_two_calls_however_many_routes_there_are(
    path: str, count: int
) -> None:
    keys: Sequence[str] = [
        f"h{number}.test{end}" for number in range(count) for end in ("", "/x", "/x/y/*")
    ]
    assert calls(router(*keys), request(f"h7.test{path}")) <= 2


@pytest.mark.parametrize("more", ["", "?q", "?r=/x"])
def test_a_path_that_came_before_costs_one_call(more: str) -> None:
    routes = router("a.test/~/x[0-9]$", entry("a.test/b/*", guards=[("auth", "1")]), "a.test/X")
    assert calls(routes, request(f"a.test/x1{more}"), before=b"/x1") == 1
    assert found(routes, f"a.test/x1{more}") == "a.test/~/x[0-9]$"
    assert found(routes, f"a.test/b/1{more}") == "a.test/b/*"


def test_what_some_field_decides_is_never_remembered() -> None:
    routes = router(entry("a.test/x", "one", header={"h": "1"}), "a.test", "POST a.test/*")
    for _ in range(2):
        assert found(routes, "a.test/x") == "a.test"
        assert found(routes, "a.test/x", h="1") == "a.test/x"
        assert found(routes, "a.test/x", "POST") == "POST a.test/*"


def test_a_method_in_one_key_has_the_paths_of_all_others_remembered() -> None:
    routes = router("a.test", entry("a.test/adm/*", guards=[("auth", "1")]), "DELETE a.test/x")
    override = "X-HTTP-Method-Override".lower()
    assert calls(routes, request("a.test/y"), before=b"/y") == 1
    for _ in range(2):
        assert found(routes, "a.test/y", "POST", **{override: "DELETE"}) == "a.test"
        assert found(routes, "a.test/x", "DELETE") == "DELETE a.test/x"
        assert found(routes, "a.test/x", "POST") == "a.test"


def test_what_is_refused_is_refused_each_time() -> None:
    routes = router("a.test", entry("a.test/admin/*", guards=[("auth", "1")]))
    for _ in range(2):
        with pytest.raises(BadRequest):
            found(routes, "a.test/Admin/x")


def test_few_paths_are_remembered_and_no_long_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("porch.route.router.REMEMBERED", 4)
    routes = router("a.test/x/*", "a.test")
    for number in range(20):
        assert found(routes, f"a.test/x/{number}") == "a.test/x/*"
        assert found(routes, f"a.test/{number}") == "a.test"
        assert 0 < int(repr(routes).split()[-2]) <= 4
    before = repr(routes)
    found(routes, "a.test/" + "y" * LONGEST)
    assert repr(routes) == before


def test_a_method_in_the_key_costs_three_more() -> None:
    assert calls(router("GET a.test/x/*", "a.test"), request("a.test/x/1")) <= 5
