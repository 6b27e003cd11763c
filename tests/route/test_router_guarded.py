"""What the router refuses because some origin would take it for what another route guards."""

import pytest

from porch.errors import BadRequest
from porch.route.entry import Entry
from porch.route.router import Router
from tests.route.test_router import entry, found, request, router
from tests.route.test_router_known import calls

DENY, LIMIT = ("deny", "all"), ("limit", "1/s")


def guarded(*more: Entry) -> Router:
    return router(
        entry("a.test", "o"), entry("a.test/adm/*", "o", guards=[DENY]), entry("b.test"), *more
    )


@pytest.mark.parametrize(
    "path", ["ADM/x", "Adm", "adm./x", "%2561dm/x", "x/..%20/adm", "/h/adm/x", "%c1%a1dm", "adm:$I"]
)
def test_a_path_that_some_origin_takes_for_a_guarded_one_is_refused(path: str) -> None:
    with pytest.raises(BadRequest, match=r'which takes "a\.test/adm/\*": if yours does not'):
        found(guarded(), f"a.test/{path}")
    assert found(guarded(), f"b.test/{path}") == "b.test", "nothing is guarded there"
    assert found(router("a.test"), f"a.test/{path}") == "a.test"


@pytest.mark.parametrize(
    "path", ["Users/42", "a%20b", "stra%C3%9Fe", "x//y", "x/.well-known/y", "ad", "adm-x", "x/ADM"]
)
def test_what_no_origin_takes_for_it_is_not(path: str) -> None:
    assert found(guarded(), f"a.test/{path}") == "a.test"


def test_what_leads_to_less_is_not_refused() -> None:
    made = router(
        entry("a.test", guards=[DENY, LIMIT]),
        entry("a.test/open/*", "a.test", guards=[DENY]),
        entry("a.test/free/*", "a.test"),
    )
    assert found(made, "a.test/OPEN/x") == "a.test"
    assert found(made, "a.test/Free/x") == "a.test"
    for path in ("free/x/..%20/..%20/y", "open/..%252fy", "free/..%252fopen"):
        with pytest.raises(BadRequest):
            found(made, f"a.test/{path}")


def test_where_not_all_paths_have_a_route_none_leads_out_of_those_that_have() -> None:
    made = router(entry("a.test/open/*"), entry("a.test/adm/*", guards=[DENY]))
    with pytest.raises(BadRequest, match="no-route"):
        found(made, "a.test/open/..%252fx")
    assert found(made, "a.test/OPEN/x") == "no-route", "no origin hears of it"


def test_keys_with_capitals_guard_what_is_written_without() -> None:
    made = guarded(entry("a.test/Shop/*", "o", guards=[LIMIT]), entry("a.test/~/R[0-9]+$", "o"))
    assert found(made, "a.test/Shop/x") == "a.test/Shop/*"
    for path in ("shop/x", "SHOP", "shop%2fx"):
        with pytest.raises(BadRequest):
            found(made, f"a.test/{path}")
    assert found(made, "a.test/r12") == "a.test"


def test_who_writes_both_has_an_origin_that_tells_them_apart() -> None:
    made = guarded(entry("a.test/ADM/*", "o"), entry("a.test/Adm/*", "o", guards=[LIMIT]))
    for path in ("adm", "ADM", "Adm"):
        assert found(made, f"a.test/{path}/x") == f"a.test/{path}/*"


def test_a_method_that_leads_to_a_guarded_route_is_refused_wherever_it_stands() -> None:
    made = guarded(entry("DELETE a.test/x", "o", guards=[DENY]), entry("PUT a.test/x", "o"))
    override = "X-HTTP-Method-Override".lower()
    for method, path, fields in (
        *(("Delete", "x", {}), ("POST", "x?_method=delete", {})),
        ("POST", "x", {override: "DELETE"}),
    ):
        with pytest.raises(BadRequest, match="DELETE"):
            found(made, f"a.test/{path}", method, **fields)
    assert found(made, "a.test/x", "DELETE") == "DELETE a.test/x"
    assert found(made, "a.test/x", "POST", **{override: "PUT"}) == "a.test"


def test_a_plain_path_costs_one_call_more_where_another_is_guarded() -> None:
    assert calls(guarded(), request("a.test/x/y/z")) <= 3


def test_a_key_with_a_capital_costs_two_more_where_its_letters_may_count() -> None:
    made = guarded(entry("a.test/Top/*", "o", guards=[LIMIT]))
    assert calls(made, request("a.test/x/y/z")) <= 3
    for path in ("X/y/z", "topaz/x"):
        assert 3 < calls(made, request(f"a.test/{path}"), before=b"/Another") <= 5
    with pytest.raises(BadRequest, match="some origins take it"):
        found(made, "a.test/top/x")


@pytest.mark.parametrize("more", [["a.test/~/r[0-_]$"], [f"a.test/K{each}" for each in range(20)]])
def test_with_a_regex_or_many_such_keys_each_path_is_looked_up_in_small_letters(
    more: list[str],
) -> None:
    made = guarded(entry("a.test/Top/*", "o", guards=[LIMIT]), *map(entry, more))
    assert 3 < calls(made, request("a.test/x/y/z"), before=b"/Another") <= 5
    for path in ("top", "top/x"):
        with pytest.raises(BadRequest, match="some origins take it"):
            found(made, f"a.test/{path}")


def test_a_path_that_is_encoded_too_often_is_refused_where_it_matters() -> None:
    assert found(guarded(), "b.test/%25252541") == "b.test"
    with pytest.raises(BadRequest, match="times over"):
        found(guarded(), "a.test/%25252541")


@pytest.mark.parametrize("path", ["/login/", "/login//", "/login/.", "/login%2f", "/Login/"])
def test_a_slash_at_the_end_leads_around_no_exact_key(path: str) -> None:
    made = router(entry("a.test/login", "o", guards=[LIMIT]), entry("a.test", "o"))
    with pytest.raises(BadRequest, match=r'takes "a.test/login"'):
        found(made, f"a.test{path}")
    assert found(made, "a.test/login") == "a.test/login"
    assert found(made, "a.test/x/") == "a.test"


def test_what_has_a_key_for_what_is_below_is_told_from_it() -> None:
    made = router(
        entry("a.test/api", "o", guards=[LIMIT]),
        entry("a.test/api/*", "o"),
        entry("a.test/only/", "o"),
    )
    assert found(made, "a.test/api/") == "a.test/api/*"
    assert found(made, "a.test/only/") == "a.test/only/"
