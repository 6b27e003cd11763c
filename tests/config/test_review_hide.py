"""What is said of internal routes that nobody reaches, or everybody might."""

from typing import Any

import pytest

from porch.config.load import load_mapping

INSIDE = {"to": "file:/usr/share", "internal": True}
SENDS = {"to": ":1", "accel": True}


def said(routes: dict[str, Any], **words: Any) -> list[str]:
    loaded = load_mapping({"routes": routes, **words}, "porch.toml")
    return [f"{each.severity}: {each.text}" for each in loaded.problems]


def test_an_internal_route_that_an_origin_may_send_to_is_fine() -> None:
    assert said({"a.test": SENDS, "a.test/in/*": INSIDE}) == []
    assert said({"a.test": ":1", "a.test/in/*": INSIDE}, accel=True) == []
    site = {"a.test": {"accel": True}}
    assert said({"a.test": ":1", "a.test/in/*": INSIDE}, site=site) == []


@pytest.mark.parametrize(
    ("routes", "severity", "why"),
    [
        ({"a.test": ":1", "a.test/in/*": INSIDE}, "warning", "nobody leads to it"),
        ({"a.test": SENDS}, "warning", "no internal route"),
        (
            {"a.test": SENDS, "b.test": INSIDE},
            "warning",
            "the whole of",
        ),
        (
            {"a.test": SENDS, "a.test/in/*": {"to": "redirect:/x", "internal": True}},
            "warning",
            "not to see",
        ),
        (
            {
                "a.test": SENDS,
                "a.test/f/*": {"to": "file:/usr/share", "accel": True},
                "a.test/in/*": INSIDE,
            },
            "warning",
            "asks no origin",
        ),
        (
            {
                "a.test": SENDS,
                "a.test/in/*": {"to": ":2", "internal": True, "accel": True, "cache": True},
            },
            "error",
            "wait for itself",
        ),
    ],
)
def test_what_leads_nowhere_or_round_is_told(
    routes: dict[str, Any], severity: str, why: str
) -> None:
    (text,) = said(routes)
    assert text.startswith(severity)
    assert why in text


@pytest.mark.parametrize("where", ["route", "site", "top"])
def test_a_cache_of_what_is_sent_by_accel_is_warned_of(where: str) -> None:
    more: dict[str, Any] = {"top": {"cache": True}, "site": {"site": {"a.test": {"cache": True}}}}
    route = {**SENDS, "cache": True} if where == "route" else SENDS
    (text,) = said({"a.test": route, "a.test/in/*": INSIDE}, **more.get(where, {}))
    assert text.startswith("warning: ")
    assert "with 'cache' what the origin has sent by accel" in text


def test_where_nothing_is_kept_of_it_nothing_is_said() -> None:
    route = {**SENDS, "cache": False}
    assert said({"a.test": route, "a.test/in/*": INSIDE, "b.test": ":1"}, cache=True) == []
