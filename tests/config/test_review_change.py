"""What is wrong with a canary, a mirror or maintenance, in words."""

from pathlib import Path
from typing import Any

import pytest

from porch.config.load import load_mapping


def problems(**words: Any) -> list[str]:
    routes = {"a.test": {"to": ":1"} | words, "b.test": "green"}
    found = load_mapping({"routes": routes, "pool": {"green": {"servers": ":2"}}}, "porch.toml")
    return [f"{each.severity}: {each.text}" for each in found.problems]


def test_a_pool_that_only_a_canary_or_a_mirror_leads_to_is_used() -> None:
    for word in ("canary", "mirror"):
        routes = {"a.test": {"to": ":1", word: {"to": "green", "share": "5%"}}}
        found = load_mapping({"routes": routes, "pool": {"green": {"servers": ":2"}}}, "x")
        assert found.problems == []


def test_what_is_right_is_right() -> None:
    canary = {"to": "green", "share": "5%", "cookie": "canary", "header": {"x-canary": True}}
    assert problems(canary=canary, mirror={"to": ["a:1", "a:2"]}, maintenance=True) == []


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"canary": {"to": "a:1"}}, "nobody goes to this canary; give it a share"),
        ({"canary": {"to": [], "share": "5%"}}, "'to' is empty; name a target"),
        ({"canary": {"to": ":1", "share": "5%"}}, "leads to already: it is its own canary"),
        ({"mirror": {"to": [":1", "a:2"]}}, "it would run each request twice"),
        ({"canary": {"to": "gren", "share": "5%"}}, "did you mean 'green'?"),
        ({"canary": {"to": "blue", "share": "5%"}}, 'an address has a port: "blue:8000"'),
        ({"canary": {"to": "a:x", "share": "5%"}}, "is not a kind of target"),
        ({"canary": {"to": "respond:503", "share": "5%"}}, "'respond:503' is no origin"),
        ({"canary": {"to": ["green", "a:1"], "share": "5%"}}, "'green' stands alone"),
        ({"canary": {"to": ["a:1", "a:1"], "share": "5%"}}, "'a:1' stands there twice"),
        ({"canary": {"to": "a:1", "cookie": "a b"}}, "'a b' is not the name of a cookie"),
        (
            {"canary": {"to": "a:1", "share": "5%", "sticky": ""}},
            "'' is not the name of a cookie",
        ),
        ({"canary": {"to": "a:1", "header": {"host": "x"}}}, "host"),
        ({"mirror": {"to": "redirect:https://b.test"}}, "is no origin"),
        ({"mirror": {"to": "a:1", "share": "0%"}}, "a share of 0% copies nothing"),
        ({"maintenance": {"allow": ["10.0.0.0/33"]}}, "10.0.0.0/33"),
        ({"maintenance": {"page": "none.html"}}, "none.html cannot be read"),
        ({"to": "respond:204", "canary": {"to": "a:1", "share": "5%"}}, "'canary' does nothing"),
        ({"to": "respond:204", "mirror": {"to": "a:1"}}, "'mirror' does nothing"),
    ],
)
def test_what_is_wrong_is_said_once(words: dict[str, Any], text: str) -> None:
    (problem,) = problems(**words)
    assert text in problem


def test_a_page_is_found_beside_the_file(tmp_path: Path) -> None:
    page = tmp_path / "soon.html"
    page.write_text("soon")
    assert problems(maintenance={"page": str(page)}) == []
