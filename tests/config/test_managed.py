"""Which hosts the door gets certificates for, and from whom."""

from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.config.managed import covered, managed


def found(
    *hosts: str, given: tuple[str, ...] = (), site: dict[str, Any] | None = None, **words: Any
) -> dict[str, str]:
    routes = dict.fromkeys(hosts, ":1")
    loaded = load_mapping({"routes": routes, "site": site or {}} | words, "porch.toml")
    assert loaded.ok, loaded.report()
    return dict(managed(loaded, given))


@pytest.mark.parametrize(
    ("host", "source"),
    [
        ("a.example", "acme"),
        ("A.Example", "acme"),
        ("bücher.example", "acme"),
        ("localhost", "local"),
        ("nas", "local"),
        ("a.test", "local"),
        ("*.a.test", "local"),
        ("127.0.0.1", "local"),
        ("8.8.8.8", "local"),
        ("[::1]", "local"),
    ],
)
def test_the_local_authority_is_for_what_no_public_one_vouches_for(host: str, source: str) -> None:
    assert [*found(host).values()] == [source]


def test_names_are_in_the_form_in_which_clients_ask_for_them() -> None:
    assert [*found("A.Example", "bücher.example", "[0::1]")] == [
        "a.example",
        "xn--bcher-kva.example",
        "[::1]",
    ]


@pytest.mark.parametrize("host", ["*", "*/x", "*.a.example", "*.a.example/x"])
def test_what_nobody_can_certify_gets_none(host: str) -> None:
    assert found(host) == {}


def test_a_host_has_one_however_many_routes_it_has() -> None:
    assert found("a.example", "a.example/x", "b.test", "a.example/y/*") == {
        "a.example": "acme",
        "b.test": "local",
    }


@pytest.mark.parametrize("given", ["a.example", "*.example"])
def test_who_has_files_gets_none(given: str) -> None:
    assert found("a.example", "b.a.example", given=(given,)) == {"b.a.example": "acme"}


def test_a_wildcard_that_has_files_gets_none() -> None:
    assert found("*.a.test", "*.b.test", given=("*.a.test",)) == {"*.b.test": "local"}


def test_who_wants_no_https_gets_none() -> None:
    site = {"A.example": {"cert": False}, "b.example": {}}
    assert found("a.example", "b.example", site=site) == {"b.example": "acme"}


def test_where_a_site_is_redirected_from_has_one_too() -> None:
    site = {"a.example": {"www": "redirect"}, "b.test": {"www": "redirect"}}
    assert found("a.example", site=site) == {
        "a.example": "acme",
        "www.a.example": "acme",
        "www.b.test": "local",
    }


def test_where_a_site_without_https_is_redirected_from_has_none() -> None:
    site = {"a.example": {"www": "redirect", "cert": False}}
    assert found("a.example", site=site) == {}


def test_a_site_of_www_speaks_for_itself() -> None:
    site = {"a.example": {"www": "redirect"}, "www.a.example": {"cert": False}}
    assert found("a.example", site=site) == {"a.example": "acme"}
    site = {"a.example": {"www": "redirect"}}
    assert found("a.example", site=site, given=("www.a.example",)) == {"a.example": "acme"}


def test_without_authorities_local_names_have_theirs() -> None:
    assert found("a.example", "b.test", acme=False) == {"b.test": "local"}


@pytest.mark.parametrize("directory", ["letsencript", "http://ca.example/dir", "ca.example", ""])
def test_an_authority_that_is_none_is_a_problem(directory: str) -> None:
    loaded = load_mapping({"acme": {"directory": ["zerossl", directory]}}, "porch.toml")
    assert not loaded.ok
    assert f"'{directory}' is no CA that is known (letsencrypt, " in loaded.report()


# --- on demand -------------------------------------------------------------------------------

ASK = {"on_demand": "py:shop:ask"}


def on_demand(
    *hosts: str, acme: Any = ASK, given: tuple[str, ...] = (), **site: dict[str, Any]
) -> list[str] | None:
    """The hosts of routes under which names may get one; None if it is off."""
    words = {"routes": dict.fromkeys(hosts, ":1"), "site": site.get("site", {}), "acme": acme}
    loaded = load_mapping(words, "porch.toml")
    assert loaded.ok, loaded.report()
    found = covered(loaded, managed(loaded, given), given)
    return found.hosts if found is not None else None


def test_without_the_word_nothing_is_got_on_demand() -> None:
    assert on_demand("*", acme={}) is None
    assert on_demand("*", acme=False) is None


def test_names_under_a_wildcard_or_a_route_of_any_host_are() -> None:
    assert on_demand("*") == ["*"]
    assert on_demand("*.shop.example", "a.shop.example") == ["*.shop.example"]
    assert on_demand("a.example") == []


def test_but_not_where_the_wildcard_is_settled() -> None:
    for_dns = ASK | {"dns": "persist"}
    assert on_demand("*.shop.example", acme=for_dns) == []
    assert on_demand("*.shop.example", given=("*.shop.example",)) == []
    assert on_demand("*.shop.test") == []  # the local authority makes it
    no_https = {"*.shop.example": {"cert": False}}
    assert on_demand("*.shop.example", "*", site=no_https) == ["*"]


def test_a_host_with_a_route_or_a_word_of_its_own_is_not_got_on_demand() -> None:
    words = {
        "routes": {"*": ":1", "own.example/api": ":1", "shop.example": ":1"},
        "site": {"shop.example": {"www": "redirect"}, "plain.example": {"cert": False}},
        "acme": ASK,
    }
    loaded = load_mapping(words, "porch.toml")
    assert loaded.ok, loaded.report()
    found = covered(loaded, managed(loaded, ()), ())
    assert found is not None
    names = ("own.example", "shop.example", "www.shop.example", "plain.example", "a.example")
    assert [found(each) for each in names] == [False, False, False, False, True]
