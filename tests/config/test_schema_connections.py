"""The words about connections."""

from typing import Any

import pytest

from porch.config.load import load_mapping


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"most": 0}, "connections.most: 'most' is 0"),
        ({"per_client": "many"}, "connections.per_client: 'per_client' is"),
        ({"new_per_second": 70_000}, "'new_per_second' is 70000"),
        ({"max": 5}, "max"),
    ],
)
def test_a_bound_that_cannot_be_is_refused_in_its_place(words: Any, problem: str) -> None:
    loaded = load_mapping({"routes": {"a.test": "b:1"}, "connections": words})
    assert not loaded.ok
    assert problem in loaded.report()


def test_a_route_cannot_say_it() -> None:
    words = {"to": "b:1", "connections": {"most": 5}}
    assert not load_mapping({"routes": {"a.test": words}}).ok


def test_a_rate_may_be_turned_off_and_is_not_nothing() -> None:
    for rate, ok in ((False, True), ("1KB", True), ("0B", False), (True, False)):
        words = {"to": "b:1", "limits": {"min_rate": rate}}
        assert load_mapping({"routes": {"a.test": words}}).ok is ok
