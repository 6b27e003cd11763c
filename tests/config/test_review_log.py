"""A log of nothing is told, and two logs in one file that do not agree."""

from typing import Any

from porch.config.load import load_mapping

ROUTES = {"a.test/*": ":1", "b.test": {"to": ":1"}}


def problems(*logs: dict[str, Any]) -> list[str]:
    loaded = load_mapping({"routes": ROUTES, "log": [*logs]})
    return [each.text for each in loaded.problems]


def test_a_route_that_nobody_has_is_told_with_the_one_that_is_meant() -> None:
    (text,) = problems({"route": ["a.test/", "b.test"]})
    assert text.endswith(
        "no route has the key 'a.test/', so that none of its lines are here; "
        "did you mean 'a.test/*'?"
    )
    assert problems({"route": ["a.test/*", "b.test"]}) == []


def test_one_file_is_rotated_at_one_time() -> None:
    first = {"to": "file:x", "rotate": {"size": "1MB"}}
    (text,) = problems(first, {**first, "rotate": {"size": "2MB"}})
    assert "another log writes to this file" in text
    assert problems(first, {**first, "errors": True}, {"to": "file:x"}) == []
