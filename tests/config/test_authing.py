"""From the words of `auth` to filters; whose words hold."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from porch.config.authing import algorithms_of, auth_of, merge_auth, tells_who, told_fields
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.config.schema import ConfigModel, RouteModel, SiteModel
from porch.config.schema_auth import AuthModel, JwtModel
from porch.config.settings import RouteSettings
from porch.config.state import State
from porch.route.route import Route
from porch.shield.auth import Authenticate
from porch.shield.auth_cookie import WithoutCookie

HASH = "sha256:" + "0a" * 32
KEYS: dict[str, Any] = {"keys": {"partner": HASH}}
OTHERS: dict[str, Any] = {"keys": {"other": HASH}}


def layers(top: Any = None, site: Any = None, route: Any = None) -> list[Any]:
    def said(auth: Any) -> dict[str, Any]:
        return {} if auth is None else {"auth": auth}

    return [
        ConfigModel.model_validate(said(top)),
        SiteModel.model_validate(said(site)),
        RouteModel.model_validate({"to": ":1"} | said(route)),
    ]


def merged(*said: Any) -> AuthModel | None:
    return merge_auth(layers(*said))


def test_where_nobody_says_anything_everybody_may_come() -> None:
    assert merged() is None


def test_the_nearest_table_with_a_way_holds_alone() -> None:
    found = merged(KEYS | {"require": {"scope": "read"}}, None, OTHERS)
    assert found is not None
    assert [*(found.keys or {})] == ["other"]
    assert found.require == {}


def test_a_table_without_a_way_adds_to_what_holds_further_out() -> None:
    found = merged(
        KEYS | {"require": {"scope": "read", "user": "a"}},
        {"fields": {"X-Scope": "scope"}},
        {"require": {"scope": "write"}, "user": False},
    )
    assert found is not None
    assert [*(found.keys or {})] == ["partner"]
    assert found.require == {"scope": "write", "user": "a"}
    assert told_fields(found) == {b"x-scope": "scope"}


def test_false_opens_a_route_and_what_was_further_out_does_not_come_back() -> None:
    assert merged(KEYS, None, False) is None
    assert merged(KEYS, False) is None
    assert merged(KEYS, False, OTHERS) is not None
    found = merged(KEYS, False, {"require": {"user": "a"}})
    assert found is not None  # nobody can come in, which `check` refuses
    assert found.keys is None


def test_an_origin_that_is_told_nothing_cannot_answer_by_it() -> None:
    assert tells_who(RouteSettings(layers(KEYS)))
    assert not tells_who(RouteSettings(layers(KEYS | {"user": False})))
    assert tells_who(RouteSettings(layers(KEYS | {"user": False, "pass": True})))
    assert not tells_who(RouteSettings(layers()))
    assert auth_of(RouteSettings(layers())) is None


@pytest.mark.parametrize("way", [{"forward": "http://127.0.0.1:1/"}, {"py": "shop:who"}])
def test_an_origin_gets_the_cookie_by_which_somebody_was_let_in_and_may_answer_by_it(
    way: dict[str, str],
) -> None:
    assert tells_who(RouteSettings(layers(way | {"user": False})))
    assert tells_who(RouteSettings(layers(way, None, {"user": False})))
    both = KEYS | way | {"user": False}
    assert tells_who(RouteSettings(layers(both)))


def loaded_of(data: dict[str, Any]) -> Loaded:
    found = load_mapping({"request_id": False} | data, "porch.toml")
    assert found.ok, found.report()
    return found


def routes(data: dict[str, Any]) -> dict[str, Route]:
    built = build(loaded_of({"listen": ":8080"} | data), State())
    assert built is not None
    return {entry.route.key: entry.route for entry in built.entries}


def hooks(route: Route, phase: str) -> list[Any]:
    return [each.__self__ for each in getattr(route.plan, phase)]


def names(route: Route, phase: str) -> list[str]:
    return [type(each).__name__ for each in hooks(route, phase)]


def test_a_route_has_what_lets_in_and_what_tells_right_behind_what_keeps_out() -> None:
    found = routes({"routes": {"a.test": {"to": ":1", "auth": KEYS}, "b.test": ":1"}})
    assert names(found["a.test"], "on_request") == ["Authenticate", "Options"]
    assert names(found["a.test"], "on_upstream_request") == ["ForwardingHeaders", "TellIdentity"]
    assert names(found["b.test"], "on_request") == ["Options"]
    assert names(found["b.test"], "on_upstream_request") == ["ForwardingHeaders"]


def test_it_stands_before_the_cache() -> None:
    from tests.config.test_caches import routes as cached_routes

    found = cached_routes({"a.test": {"to": ":1", "auth": KEYS, "cache": "1h"}})["a.test"]
    order = names(found, "on_request")
    assert order.index("Authenticate") < order.index("Cache")


@pytest.mark.parametrize(("user", "tells"), [(None, True), (False, False)])
def test_the_cache_knows_whether_the_origin_is_told(user: Any, tells: bool) -> None:
    from tests.config.test_caches import cache_of
    from tests.config.test_caches import routes as cached_routes

    auth = KEYS if user is None else KEYS | {"user": user}
    found = cached_routes({"a.test": {"to": ":1", "auth": auth, "cache": "1h"}})
    assert cache_of(found["a.test"]).policy.tells_who is tells
    told = {b"x-forwarded-user"} if tells else set()
    assert cache_of(found["a.test"]).policy.told == told


def test_routes_with_the_same_words_share_what_lets_in() -> None:
    found = routes({"auth": KEYS, "routes": {"a.test": ":1", "b.test": {"to": ":1", "via": False}}})
    first, second = (hooks(found[key], "on_request")[0] for key in ("a.test", "b.test"))
    assert isinstance(first, Authenticate)
    assert first is second


def passes(route: Route, name: bytes) -> bool:
    return bool(hooks(route, "on_upstream_request")[0]._passes(name))


def test_what_tells_who_comes_is_kept_out_of_every_route() -> None:
    found = routes(
        {
            "routes": {
                "a.test": {"to": ":1", "auth": KEYS | {"fields": {"X-Plan": "plan"}}},
                "a.test/open": {"to": ":1", "auth": False},
                "b.test": ":1",
            }
        }
    )
    for route in found.values():
        assert not passes(route, b"x-forwarded-user")
        assert not passes(route, b"x-plan")
        assert passes(route, b"x-other")


def test_what_was_shown_to_the_door_stays_there_unless_it_is_said() -> None:
    found = routes(
        {
            "routes": {
                "a.test": {"to": ":1", "auth": KEYS},
                "b.test": {"to": ":1", "auth": KEYS | {"pass": True}},
                "c.test": ":1",
            }
        }
    )
    assert [passes(found[f"{each}.test"], b"x-api-key") for each in "abc"] == [False, True, True]


def test_each_way_is_asked_what_costs_least_first() -> None:
    words = {
        "forward": "http://127.0.0.1:9000/",
        "py": "shop:who",
        "jwt": {"jwks": "https://id.test/jwks", "audience": "x"},
        "basic": {"ann": "$2b$04$" + "." * 53},
        **KEYS,
    }
    found = routes({"routes": {"a.test": {"to": ":1", "auth": words}}})["a.test"]
    (gate,) = [each for each in hooks(found, "on_request") if isinstance(each, Authenticate)]
    assert list(gate.described) == ["keys", "basic", "jwt", "py", "forward"]


def test_what_is_shown_in_authorization_stays_at_the_door_too() -> None:
    basic = {"basic": {"ann": "$2b$04$" + "." * 53}}
    jwt = {"jwt": {"jwks": "https://id.test/jwks", "audience": "x"}}
    found = routes(
        {
            "routes": {
                "a.test": {"to": ":1", "auth": basic},
                "b.test": {"to": ":1", "auth": jwt},
                "c.test": {"to": ":1", "auth": jwt | {"pass": True}},
                "d.test": {"to": ":1", "auth": KEYS},
            }
        }
    )
    passed = [passes(found[f"{each}.test"], b"authorization") for each in "abcd"]
    assert passed == [False, False, True, True]


def test_the_cookie_of_a_token_stays_at_the_door_too() -> None:
    jwt = {"jwt": {"jwks": "https://id.test/jwks", "audience": "x", "cookie": "sid"}}
    both = jwt | {"pass": True}
    found = routes(
        {"routes": {"a.test": {"to": ":1", "auth": jwt}, "b.test": {"to": ":1", "auth": both}}}
    )
    ends = [
        any(isinstance(each, WithoutCookie) for each in hooks(found[f"{host}.test"], "on_request"))
        for host in "ab"
    ]
    assert ends == [True, False]


def test_what_the_client_is_told_comes_before_all_that_looks_at_answers() -> None:
    forward = {"forward": {"url": "http://127.0.0.1:9000/", "give": ["Set-Cookie"]}}
    words = {"to": ":1", "auth": forward, "cookies": "harden"}
    found = routes({"routes": {"a.test": words}})["a.test"]
    assert [type(each).__name__ for each in hooks(found, "on_response")][:2] == [
        "TellClient",
        "HardenCookies",
    ]


def test_files_that_it_is_made_of_are_watched(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("ann:$2b$04$" + "." * 53 + "\n", encoding="utf-8")
    data = {
        "listen": ":8080",
        "routes": {"a.test": {"to": ":1", "auth": {"basic": f"file:{users}"}}},
    }
    built = build(loaded_of(data), State())
    assert built is not None
    assert users in built.files
    assert built.lists == (users,), "without a word, and no rollback brings somebody back"


def test_algorithms_are_of_the_kind_of_key() -> None:
    assert algorithms_of(JwtModel(secret="x")) == ("HS256",)
    assert "HS256" not in algorithms_of(JwtModel(jwks="https://id.test/"))


def test_a_door_without_a_way_does_not_load_its_code() -> None:
    program = """
import sys
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.state import State
assert build(load_mapping({"routes": {"a.test": ":1"}}, "porch.toml"), State()) is not None
print(*sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {*done.stdout.split()}
    assert "porch.config.authing" in loaded
    late = ("joserfc", "authlib", "argon2", "bcrypt", "cryptography", "porch.config.logins")
    ways = (
        "porch.shield.oidc",
        "porch.shield.jwt",
        "porch.shield.jwks",
        "porch.shield.forward_auth",
    )
    assert loaded.isdisjoint((*late, *ways))
