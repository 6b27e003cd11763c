"""What can be written for `auth`, and what is said of the rest."""

from typing import Any

import pytest

from porch.config.load import load_mapping

HASH = "sha256:" + "0a" * 32
KEYS = {"keys": {"partner": HASH}}


def problems(auth: Any, **more: Any) -> list[str]:
    loaded = load_mapping({"routes": {"a.test": {"to": ":1", "auth": auth}}} | more, "porch.toml")
    return [each.text.partition(": ")[2] for each in loaded.problems]


@pytest.mark.parametrize(
    "auth",
    [
        False,
        KEYS,
        {"keys": {"partner": {"hash": HASH, "scopes": ["read"]}}},
        KEYS | {"key_field": "Authorization", "key_query": "api_key"},
        KEYS | {"require": {"scope": "read write", "groups": ["a"], "email_verified": True}},
        KEYS | {"user": False, "fields": {"X-Email": "email"}, "pass": True, "realm": "the shop"},
    ],
)
def test_what_can_be_written(auth: Any) -> None:
    assert problems(auth) == []


@pytest.mark.parametrize("key", ["s3cret-of-a-partner", "sha256:12", "SHA256:" + "0a" * 32])
@pytest.mark.parametrize("table", [False, True])
def test_a_key_in_plain_text_is_refused_and_not_repeated(key: str, table: bool) -> None:
    (problem,) = problems({"keys": {"partner": {"hash": key} if table else key}})
    assert problem.startswith("'keys': partner has no hash")
    assert "porch key new partner" in problem
    assert key not in problem


@pytest.mark.parametrize(
    ("auth", "problem"),
    [
        (True, "'auth' is true; it must be a table, or false"),
        ({"kes": {}}, "unknown option 'kes' for auth; did you mean 'keys'?"),
        ({"keys": {"partner": {"hsh": HASH}}}, "unknown option 'hsh' for partner"),
        ({"keys": {"partner": {"hash": 7}}}, "'hash' is 7; it must be a text in quotes"),
        ({"keys": {"partner": 7}}, "'partner' is 7; it must be \"sha256:…\" or a table"),
        ({"keys": {" a": HASH}}, "'keys': a name is printable"),
        ({"certificate": False}, "'certificate' is false"),
        ({"keys": {}}, "nobody has a key"),
        (KEYS | {"key_field": "X-Partner"}, "no log would know by this name"),
        (KEYS | {"key_query": "k"}, "no log would know by this name"),
        (KEYS | {"key_field": "X Key"}, "it is not the name of a field"),
        (KEYS | {"key_query": "api key&"}, "it is not the name of a parameter"),
        (KEYS | {"user": "X_User"}, "not the name of a field that an origin reads"),
        (KEYS | {"user": "Host"}, "Host has another meaning"),
        (KEYS | {"fields": {"Cookie": "sub"}}, "Cookie has another meaning"),
        (KEYS | {"require": {"scope": {}}}, "'scope' is a table"),
    ],
)
def test_anything_else_is_told_how_it_is_written(auth: Any, problem: str) -> None:
    found = problems(auth)
    assert any(problem in each for each in found), found
