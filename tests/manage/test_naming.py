"""Which endpoint or route a word means."""

import pytest

from porch.balance.standing import LIMITED, NOT_COPIED, WHOLE
from porch.manage.naming import MOST, endpoints_named, pool_word, route_named, spelled

NAMES = [
    ("[pool.api]", "10.0.0.1:80"),
    ("[pool.api]", "10.0.0.2:80"),
    ("a.test/x/*", "10.0.0.1:80"),
    ("a.test mirror", NOT_COPIED),
    ("[pool.api]", WHOLE),
    ("a.test", LIMITED),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.0.0.2:80", NAMES[1]),
        ("api/10.0.0.1:80", NAMES[0]),
        ("[pool.api]/10.0.0.1:80", NAMES[0]),
        ("a.test/x/*/10.0.0.1:80", NAMES[2]),
    ],
)
def test_one_that_fits_is_meant(text: str, found: tuple[str, str]) -> None:
    assert endpoints_named(text, NAMES) == [found]


def test_what_is_spelled_is_found_again() -> None:
    for name in NAMES[:3]:
        assert endpoints_named(spelled(name), NAMES) == [name]
    assert [pool_word(name[0]) for name in NAMES[1:3]] == ["api", "a.test/x/*"]


def test_several_are_told_unless_all_are_meant() -> None:
    with pytest.raises(LookupError) as raised:
        endpoints_named("10.0.0.1:80", NAMES)
    assert raised.value.args[0] == (
        "'10.0.0.1:80' is in 2 pools; name one of them, or add --all-pools:\n"
        "  api/10.0.0.1:80\n  a.test/x/*/10.0.0.1:80"
    )
    assert endpoints_named("10.0.0.1:80", NAMES, all_pools=True) == [NAMES[0], NAMES[2]]


def test_none_is_told_what_there_is() -> None:
    with pytest.raises(LookupError) as raised:
        endpoints_named("api/10.0.0.3:80", NAMES)
    assert "did you mean 'api/10.0.0.2:80'? there are:\n  api/10.0.0.1:80\n" in raised.value.args[0]
    with pytest.raises(LookupError, match="has none"):
        endpoints_named("x", [])
    with pytest.raises(LookupError):
        endpoints_named("", NAMES)


def test_of_many_only_some_are_told() -> None:
    many = [("p", f"10.0.0.{number}:80") for number in range(50)]
    with pytest.raises(LookupError) as raised:
        endpoints_named("x", many)
    assert raised.value.args[0].count("\n") == MOST + 1
    assert raised.value.args[0].endswith("and 40 more: porch status --json")


def test_a_route_is_named_by_its_key() -> None:
    assert route_named("a.test", ["a.test", "b.test", "a.test"]) == "a.test"
    with pytest.raises(LookupError, match=r"no route 'a\.tst'; did you mean 'a\.test'\?"):
        route_named("a.tst", ["a.test", "b.test"])


def test_what_names_nothing_is_said_without_what_it_could_do_to_a_terminal() -> None:
    with pytest.raises(LookupError, match=r"there is no endpoint 'a\\n\\x1b\[2J'"):
        endpoints_named("a\n\x1b[2J", [("api", "a:1")])
    with pytest.raises(LookupError, match=r"there is no route '\\u202e'; the"):
        route_named("\u202e", [])
