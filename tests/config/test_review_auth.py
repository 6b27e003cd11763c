"""Words of `auth` by which nobody could come in are errors."""

from typing import Any

from porch.config.load import load_mapping

HASH = "sha256:" + "0a" * 32
KEYS = {"keys": {"partner": HASH}}


def problems(data: dict[str, Any]) -> list[str]:
    return [each.text for each in load_mapping(data, "porch.toml").problems]


def route(words: Any, **more: Any) -> dict[str, Any]:
    return {"routes": {"a.test": {"to": ":1", "auth": words}}} | more


def test_a_table_without_a_way_needs_one_further_out() -> None:
    (problem,) = problems(route({"require": {"user": "a"}}))
    assert "names no way to show who one is" in problem
    assert "certificate, keys" in problem
    assert problems(route({"require": {"user": "a"}}, auth=KEYS)) == []
    assert problems(route({"require": {"user": "a"}}, site={"a.test": {"auth": KEYS}})) == []


def test_nor_is_there_one_behind_false() -> None:
    data = route({"require": {"user": "a"}}, auth=KEYS, site={"a.test": {"auth": False}})
    assert len(problems(data)) == 1


def test_the_top_and_a_site_are_looked_at_too() -> None:
    assert len(problems(route(KEYS, auth={"user": False}))) == 1
    assert len(problems(route(KEYS, site={"a.test": {"auth": {"realm": "x"}}}))) == 1


def test_a_certificate_needs_authorities_to_believe() -> None:
    (problem,) = problems(route({"certificate": True}))
    assert "client_ca" in problem
