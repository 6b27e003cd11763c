"""What may be written for `balance`, `sticky` and a server."""

import re
from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.config.reference import json_schema
from porch.config.schema_balance import hashed_by


def words(**said: Any) -> Any:
    found = load_mapping({"routes": {"*": {"to": [":1", ":2"], **said}}})
    assert found.ok, found.report()
    return found.routes[0].model


def problem(**said: Any) -> str:
    found = load_mapping({"routes": {"*": {"to": [":1", ":2"], **said}}})
    (only,) = found.problems
    return only.text.partition(": ")[2]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hash client", ("client", "")),
        ("hash path", ("path", "")),
        ("hash header X-Tenant", ("header", "X-Tenant")),
        ("hash cookie sid", ("cookie", "sid")),
        ("hash query user name", ("query", "user name")),
        ("hash py:shop.keys:tenant", ("py", "shop.keys:tenant")),
    ],
)
def test_a_hash_names_its_source(text: str, found: tuple[str, str]) -> None:
    assert hashed_by(text) == found
    assert words(balance=text).balance == text
    assert words(balance=text.replace(" ", "  ", 1)).balance == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hash", "a hash is of client, path, header, cookie, query or py:"),
        ("hash clint", 'did you mean "hash client"?'),
        ("hash header", 'the header has a name: "hash header X-Tenant"'),
        ("hash cookie", 'the cookie has a name: "hash cookie sid"'),
        ("hash header a b", "'a b' is not the name of a header"),
        ("hash cookie a=b", "'a=b' is not the name of a cookie"),
        ("hash client x", 'nothing follows it; write "hash client"'),
        ("hash py:shop", 'a function is named "hash py:module:function"'),
        ("hash py:shop:", 'a function is named "hash py:module:function"'),
        ("least_time", "did you mean 'least-time'?"),
        ("leastconn", "did you mean 'least-requests'?"),
        ("fastest", 'it must be "least-requests", "round-robin"'),
    ],
)
def test_what_is_no_way_to_balance_is_told_with_the_way_out(text: str, said: str) -> None:
    found = problem(balance=text)
    assert found.startswith(f"'balance' is \"{text}\"; ")
    assert said in found


def test_the_schema_knows_the_same() -> None:
    schema = json_schema()
    pattern = next(
        each["pattern"] for each in schema["properties"]["balance"]["anyOf"] if "pattern" in each
    )
    for good in ("hash client", "hash header X-Tenant", "hash py:a.b:c"):
        assert re.match(pattern, good)
    for bad in ("hash", "hash header", "hash py:a", "random"):
        assert not re.match(pattern, bad)


def test_sticky_is_short_or_a_table() -> None:
    assert words(sticky=True).sticky.cookie is None
    assert words(sticky="sid").sticky.cookie == "sid"
    assert words(sticky=False).sticky is False
    assert words().sticky is None
    found = words(sticky={"cookie": "sid", "max_age": "1d", "drain": "1h"}).sticky
    assert (found.max_age, found.drain) == (86400, 3600)


@pytest.mark.parametrize(
    ("sticky", "said"),
    [
        ("my sid", 'it is not the name of a cookie, such as "sid"'),
        ({"cookie": "a=b"}, "it is not the name of a cookie"),
        ({"max_age": "0s"}, "it must be more than nothing"),
        ({"max_ages": "1d"}, "did you mean 'max_age'?"),
        (7, "it must be true, false, the name of a cookie, or a table"),
    ],
)
def test_what_is_wrong_with_sticky_is_told(sticky: object, said: str) -> None:
    assert said in problem(sticky=sticky)


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ({"weight": -1}, "'weight' is -1; it must be a whole number from 0 to 1000"),
        ({"weight": 1001}, "'weight' is 1001; it must be a whole number from 0 to 1000"),
        ({"weight": 0.5}, "'weight' is 0.5; it must be a whole number from 0 to 1000"),
        ({"priority": -1}, "'priority' is -1; it must be a whole number from 0 to 1000"),
        ({"wieght": 1}, "did you mean 'weight'?"),
    ],
)
def test_what_is_wrong_with_a_server_is_told(server: dict[str, Any], said: str) -> None:
    found = load_mapping({"routes": {"*": {"to": [":1", {"to": ":2", **server}], "retry": 1}}})
    assert said in found.report()


def test_a_list_of_servers_with_priorities_is_a_pool() -> None:
    to = [{"to": ":1"}, {"to": ":2", "priority": 1, "weight": 0}]
    found = load_mapping({"routes": {"*": to}})
    assert found.ok, found.report()
    assert [(each.priority, each.weight) for each in found.routes[0].targets] == [(0, 1), (1, 0)]
