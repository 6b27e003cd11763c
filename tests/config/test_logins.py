"""Which routes share a login, and the paths that hosts have for it."""

from typing import Any

from porch.config.build import Built, build
from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.config.state import State
from porch.route.route import Route
from porch.shield.auth import Authenticate
from porch.shield.oidc import Oidc
from porch.shield.oidc_callback import Callback, Logout
from porch.shield.oidc_party import Party

OIDC: dict[str, Any] = {"issuer": "https://id.test", "client_id": "door"}
BACK = "/.porch/oidc/callback"
OUT = "/.porch/logout"


def loaded_of(routes: dict[str, Any], **more: Any) -> Loaded:
    found = load_mapping(
        {"listen": ":8080", "routes": routes, "request_id": False} | more, "porch.toml"
    )
    assert found.ok, found.report()
    return found


def built_of(routes: dict[str, Any], **more: Any) -> Built:
    loaded = loaded_of(routes, **more)
    found = build(loaded, State())
    assert found is not None, loaded.report()
    return found


def routes(built: Built) -> dict[str, Route]:
    return {entry.route.key: entry.route for entry in built.entries}


def hooks(route: Route) -> list[Any]:
    return [each.__self__ for each in route.plan.on_request]  # type: ignore[attr-defined]


def party(route: Route) -> Party:
    (lets_in,) = [each for each in hooks(route) if isinstance(each, Authenticate)]
    (way,) = [each.__self__ for each in lets_in._ways]  # type: ignore[attr-defined]
    assert isinstance(way, Oidc)
    return way._party


def with_login(**more: Any) -> dict[str, Any]:
    return {"to": ":1", "auth": {"oidc": OIDC | more}}


def test_each_host_has_a_path_to_come_back_to_and_one_to_end() -> None:
    built = built_of(
        {
            "a.test": with_login(),
            "*.b.test/x/*": with_login(),
            "*": with_login(),
            "c.test": ":1",
        }
    )
    found = routes(built)
    for host in ("a.test", "*.b.test", "*"):
        assert isinstance(hooks(found[host + BACK])[0], Callback)
        assert isinstance(hooks(found[host + OUT])[0], Logout)
    assert "c.test" + BACK not in found
    assert found["a.test" + BACK].target == "a login (auth.oidc)"


def test_routes_with_the_same_words_share_a_login() -> None:
    found = routes(
        built_of(
            {
                "a.test": with_login(),
                "a.test/x": with_login() | {"auth": {"oidc": OIDC, "require": {"team": "ops"}}},
                "a.test/y": with_login(client_id="other"),
                "b.test": with_login(),
            }
        )
    )
    assert party(found["a.test"]) is party(found["a.test/x"])
    assert party(found["a.test"]) is not party(found["a.test/y"])
    assert party(found["a.test"]) is party(found["b.test"])
    assert "team" in party(found["a.test"]).rules.kept, "what any route asks for"
    assert len(hooks(found["a.test" + BACK])[0]._parties) == 2


def test_its_cookies_are_known_after_a_restart_and_not_with_other_words() -> None:
    def name(**more: Any) -> str:
        return party(routes(built_of({"a.test": with_login(**more)}))["a.test"]).rules.name

    assert name() == name()
    assert len({name(), name(client_id="b"), name(scopes=["openid"]), name(groups="g")}) == 4
    assert name(cookie_secret="x" * 32) == name(cookie_secret="y" * 32), "its name tells nothing"


def test_the_doors_key_is_needed_unless_there_is_a_secret() -> None:
    assert built_of({"a.test": with_login()}).needs_key
    assert not built_of({"a.test": with_login(cookie_secret="x" * 32)}).needs_key
    assert not built_of({"a.test": ":1"}).needs_key


def test_its_words_are_what_it_goes_by() -> None:
    words = {
        "scopes": ["openid", "offline_access"],
        "renew": "1m",
        "lifetime": "1h",
        "https": True,
        "callback": "/back",
        "logout": "/out",
        "after_logout": "/bye",
        "parameters": {"prompt": "login"},
        "groups": "roles",
        "name": "email",
    }
    built = built_of({"a.test": with_login(**words)})
    assert {"a.test/back", "a.test/out"} <= {*routes(built)}
    rules = party(routes(built)["a.test"]).rules
    assert rules.scopes == ("openid", "offline_access")
    assert (rules.holds, rules.lifetime, rules.https) == (60.0, 3600.0, True)
    assert (rules.after_logout, rules.groups, dict(rules.more)) == (
        *("/bye", "roles", {"prompt": "login"}),
    )
    assert "email" in rules.kept


def test_a_route_of_the_file_on_its_path_is_an_error() -> None:
    loaded = loaded_of({"a.test": with_login(), "a.test" + BACK: ":2"})
    assert build(loaded, State()) is None
    assert "a login of auth.oidc has this path" in loaded.report()


def test_no_origin_of_the_door_gets_a_session() -> None:
    def names(route: Route) -> list[str]:
        return [type(each).__name__ for each in hooks(route)]

    found = routes(built_of({"a.test": with_login(), "b.test": ":1"}))
    assert names(found["a.test"])[:2] == ["Authenticate", "WithoutLogins"]
    assert names(found["b.test"])[0] == "WithoutLogins"
    assert "WithoutLogins" not in names(routes(built_of({"b.test": ":1"}))["b.test"])


def test_a_login_believes_of_the_scheme_whom_the_door_believes() -> None:
    for trust, is_believed in (["10.0.0.0/8"], True), ([], False):
        built = built_of({"a.test": with_login()}, trust=trust)
        trusts = party(routes(built)["a.test"]).rules.trusts
        assert trusts == built.trusts
        assert (trusts is not None and trusts(b"10.0.0.1")) is is_believed
