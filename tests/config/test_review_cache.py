"""What a careful operator would want to hear of a cache; the golden file has more of it."""

from pathlib import Path
from typing import Any

import pytest

from porch.config.load import load_mapping


def problems(
    route: dict[str, Any] | None = None, key: str = "a.test", **top: Any
) -> list[tuple[str, str]]:
    found = load_mapping({"routes": {key: {"to": "a:1"} | (route or {})}} | top, "porch.toml")
    return [(each.severity, each.text) for each in found.problems]


@pytest.mark.parametrize(
    "words",
    [
        True,
        "1h",
        {"stale": "1d", "status_ttl": {"404": "1m"}, "respect_client": False},
        {"key": {"query": [], "fields": ["accept-language"], "cookies": ["theme"]}},
        {"bypass": {"cookie": {"wordpress_logged_in_*": True}, "client": ["10.0.0.0/8", "::1"]}},
    ],
)
def test_what_is_safe_is_not_warned_of(words: object) -> None:
    assert problems({"cache": words}) == []


@pytest.mark.parametrize("mark", ["set-cookie", "authorization", "private", "no-store", "vary"])
@pytest.mark.parametrize("place", ["top", "site", "route"])
def test_ignoring_a_mark_names_its_risk_where_it_is_written(mark: str, place: str) -> None:
    words = {"cache": {"ignore": [mark]}}
    if place == "top":
        found = problems(**words)
    elif place == "site":
        found = problems(site={"a.test": words})
    else:
        found = problems(words)
    ((severity, text),) = found
    assert severity == "warning"
    assert f"ignore = '{mark}': " in text


def test_authorization_that_is_part_of_the_key_is_no_risk() -> None:
    words = {"ignore": ["authorization"], "key": {"fields": ["Authorization"]}}
    assert problems({"cache": words}) == []


def test_a_cache_behind_certificates_of_clients_is_warned_of(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_bytes(b"")

    def told(**route: Any) -> list[str]:
        found = problems(route, client_ca=str(ca), listen=":443")
        return [text for _, text in found if "shows a certificate" in text]

    for route in ({"client_cert": "optional"}, {}):
        (text,) = told(cache=True, **route)
        assert "cache: nothing is kept here" in text
        (text,) = told(cache={"ignore": ["authorization"]}, **route)
        assert "is kept and given to all who do" in text
    assert told(cache=False) == told() == []


def test_a_cache_beside_a_canary_is_warned_of() -> None:
    canary = {"canary": {"to": "b:1", "share": "5%"}}
    ((severity, text),) = problems(canary, cache=True)
    assert severity == "warning"
    assert "the canary" in text
    assert problems(canary | {"cache": False}, cache=True) == []


@pytest.mark.parametrize(
    ("key", "warned"),
    [
        ("*", True),
        ("a.test", True),
        ("a.test/*", True),
        ("a.test/account/*", True),
        (r"a.test/~/account/.*", True),
        (r"a.test/~.*[.](css|js)$", True),
        ("a.test/x.css", False),
    ],
)
def test_paths_of_any_end_without_a_look_at_the_type_are_warned_of_once(
    key: str, warned: bool
) -> None:
    ((severity, text),) = problems({"cache": {"deception": False}}, key) or [("", "")]
    assert (severity == "warning" and "/account/x.css" in text) is warned
    for words in (True, "1h", {"ttl": "1h", "ignore": []}, {"deception": "guard"}, False):
        assert problems({"cache": words}, key) == []


def test_a_site_without_a_look_at_the_type_is_warned_of_once_for_all_its_routes() -> None:
    more = {"a.test/b/*": {"to": "a:1"}, "a.test/c": {"to": "a:1"}}
    routes = {"a.test": {"to": "a:1"}} | more
    found = load_mapping({"cache": {"deception": False}, "routes": routes}, "porch.toml")
    (problem,) = found.problems
    assert "leave it out" in problem.text


def test_a_cache_that_reaches_no_origin_does_nothing() -> None:
    ((severity, text),) = problems({"to": "respond:204", "cache": "1h"})
    assert severity == "warning"
    assert "'cache' does nothing" in text


def test_a_store_that_nothing_is_kept_in_is_warned_of() -> None:
    ((severity, text),) = problems(cache_store={"size": "1GB"})
    assert (severity, "no route has 'cache'" in text) == ("warning", True)
    assert problems(cache_store={"size": "1GB"}, cache=True) == []


def test_a_store_that_is_smaller_than_one_body_is_refused() -> None:
    found = problems({"cache": {"max_object": "20MB"}}, cache_store={"size": "10MB"})
    ((severity, text),) = found
    assert (severity, "smaller than a 'max_object'" in text) == ("error", True)
    ((severity, _),) = problems({"cache": {"max_object": "2GB"}}, cache_store={})
    assert severity == "error"


def test_a_store_that_cannot_hold_its_own_pages_is_refused() -> None:
    ((severity, text),) = problems(cache=True, cache_store={"size": "8191KB"})
    assert (severity, "'size' is 8191KB; a store on a disk has 8MB" in text) == ("error", True)
    assert problems(cache=True, cache_store={"size": "8MB"}) == []
    assert problems(cache=True, workers=1, cache_store={"size": "1KB", "memory": True}) == []


def test_problems_of_one_condition_do_not_hide_another() -> None:
    words = {"header": {"te": True, "x y": True}, "client": ["a", "10.0.0.0/8", "b"]}
    assert len(problems({"cache": {"bypass": words}})) == 4
