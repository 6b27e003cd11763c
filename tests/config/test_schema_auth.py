"""What can be written for `auth`, and what is said of the rest."""

from typing import Any

import pytest

from porch.config.load import load_mapping

HASH = "sha256:" + "0a" * 32
PASSWORD = "$2b$04$" + "." * 53
JWKS = "https://id.test/jwks"
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
        "py:shop.auth:who",
        {"basic": {"ann": PASSWORD}, "realm": "the shop"},
        {"jwt": {"jwks": JWKS, "audience": "door", "issuer": ["a", "b"], "leeway": "5s"}},
        {"jwt": {"jwks": JWKS, "audience": "door", "algorithms": "ES256", "cookie": "id_token"}},
        {"forward": "http://127.0.0.1:9000/check"},
        {"forward": {"url": "http://127.0.0.1:9000", "send": ["X-Team"], "timeout": "1s"}},
        {"forward": {"url": "http://127.0.0.1:9000", "give": ["Set-Cookie", "X-Left"]}},
        {"py": "shop:who", "basic": {"ann": PASSWORD}},
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
        (True, "'auth' is true; it must be a table, \"py:module:function\", or false"),
        ({"kes": {}}, "unknown option 'kes' for auth; did you mean 'keys'?"),
        ({"keys": {"partner": {"hsh": HASH}}}, "unknown option 'hsh' for partner"),
        ({"keys": {"partner": {"hash": 7}}}, "'hash' is 7; it must be a text in quotes"),
        ({"keys": {"partner": 7}}, "'partner' is 7; it must be \"sha256:…\" or a table"),
        ({"keys": {" a": HASH}}, "'keys': a name is printable"),
        ({"certificate": False}, "'certificate' is false"),
        ("basic", "the only text is a function of yours"),
        ("py:shop", 'it is no "module:function"'),
        ({"basic": {}}, "nobody has a password"),
        ({"basic": "users"}, "a text names a file"),
        ({"basic": {"a:b": PASSWORD}}, "a name is printable"),
        ({"jwt": {"jwks": "ftp://x"}}, "it is no URL"),
        ({"jwt": {"jwks": "https://a b/"}}, "it is no URL"),
        ({"jwt": {"jwks": JWKS, "algorithms": ["none"]}}, "'none' is no algorithm that is taken"),
        ({"jwt": {"jwks": JWKS, "cookie": "tok"}}, "one that says so, such as id_token"),
        ({"forward": "127.0.0.1:9000"}, "it is no URL"),
        ({"forward": {"url": "http://u:p@x/"}}, "it is no URL"),
        ({"forward": {"url": "http://x", "send": ["a b"]}}, "'a b' is not the name of a field"),
        ({"forward": {"url": "http://x", "give": ["a b"]}}, "'a b' is not the name of a field"),
        (
            {"forward": {"url": "http://x", "give": ["Set-Cookie", "Content-Type"]}},
            "Content-Type is about the service's own answer",
        ),
        (KEYS | {"realm": 'a"b'}, "plain ASCII"),
        ({"keys": {}}, "nobody has a key"),
        (KEYS | {"key_field": "X-Partner"}, "one that says so, such as X-Api-Key"),
        (KEYS | {"key_query": "k"}, "one that says so, such as api_key"),
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


@pytest.mark.parametrize(
    "name",
    [
        *("X-Forwarded-For", "X-Forwarded-Proto", "X.Forwarded.Host", "X-Forwarded-Uri"),
        *("Forwarded", "X-Request-ID", "Via", "Proxy", "X-Accel-Redirect", "X-Accel-Buffering"),
        *("X-Sendfile", "X-Sendfile-Type", "X-HTTP-Method-Override", "X-Method-Override", "Host"),
        *("Authorization", "Proxy-Authorization", "Transfer-Encoding", "Content-Type", "Range"),
        *("X-Original-URL", "X-Rewrite-URL", "X-Middleware-Subrequest", "Client-Cert", "TE"),
        *("Accept-Encoding", "If-None-Match", "Origin", "traceparent", "Cookie", "X-Real-IP"),
    ],
)
def test_a_field_that_steers_or_that_the_door_sets_tells_not_who_comes(name: str) -> None:
    told = f"{name} has another meaning; write one of your own, such as X-User"
    for auth in ({"user": name}, {"fields": {name: "sub"}}):
        assert any(told in each for each in problems(KEYS | auth))


@pytest.mark.parametrize(
    "name", ["X-User", "X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "Remote-User"]
)
def test_a_field_that_is_for_it_does(name: str) -> None:
    for auth in ({"user": name}, {"user": False, "fields": {name: "sub"}}):
        assert problems(KEYS | auth) == []


@pytest.mark.parametrize("text", ["hunter2", "$apr1$R9xMcBgW$ZQo8pVJzQ1lXnLrGUMMBz/", "{SHA}W6ph5"])
def test_a_password_in_plain_text_or_a_weak_hash_is_refused_and_not_repeated(text: str) -> None:
    (problem,) = problems({"basic": {"ann": text}})
    assert problem.startswith("'basic': ann: ")
    assert "porch password" in problem
    assert text not in problem
