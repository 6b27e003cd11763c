"""An importance that does nothing is told."""

from typing import Any

import pytest

from porch.config.load import load_mapping


def warnings(route: dict[str, Any], **words: Any) -> list[str]:
    given = {"listen": ":80", "routes": {"a.test": {"to": "b:1", **route}}, **words}
    loaded = load_mapping(given)
    assert loaded.ok, loaded.report()
    return [each.text for each in loaded.problems]


def test_an_importance_without_busy_is_told() -> None:
    (text,) = warnings({"importance": "high"})
    assert 'nobody is refused without busy = "20ms" at the top' in text


def test_that_all_are_always_served_is_told() -> None:
    (text,) = warnings({}, busy="20ms", importance="always")
    assert "nobody is refused for others if nobody may be" in text


def test_that_nobody_can_be_known_is_told() -> None:
    (text,) = warnings({"importance": "known"}, busy="20ms")
    assert "nobody is known without auth" in text
    assert warnings({"importance": "known", "auth": "py:a:b"}, busy="20ms") == []


@pytest.mark.parametrize("said", ["low", "normal", "high", "always"])
def test_with_busy_it_is_fine(said: str) -> None:
    assert warnings({"importance": said}, busy="20ms") == []
    assert warnings({}) == []
