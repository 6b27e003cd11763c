"""The words about a worker with too much to do."""

from typing import Any

import pytest

from porch.config.busying import of_whole
from porch.config.load import load_mapping
from porch.shield.busy import Terms


@pytest.mark.parametrize(
    ("said", "terms"),
    [
        ("20ms", Terms()),
        ({}, Terms()),
        ("50ms", Terms(lag=0.05)),
        ({"lag": "5ms", "hold": "0s", "retry_after": "3s"}, Terms(0.005, 0.0, 3.0)),
    ],
)
def test_it_is_a_lag_or_a_table(said: Any, terms: Terms) -> None:
    loaded = load_mapping({"routes": {"a.test": "b:1"}, "busy": said})
    assert loaded.ok, loaded.report()
    words = of_whole(loaded)
    assert words is not None
    assert words.terms == terms


@pytest.mark.parametrize("words", [{}, {"busy": False}])
def test_it_is_off_unless_said(words: Any) -> None:
    assert of_whole(load_mapping({"routes": {"a.test": "b:1"}, **words})) is None


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("1ms", "it is from 5ms to 10s"),
        ("1m", "it is from 5ms to 10s"),
        (True, "a duration"),
        (20, "a duration"),
        ("fast", "duration"),
        ({"hold": "1m"}, "5s is the most"),
        ({"after": "1s"}, "after"),
    ],
)
def test_a_lag_that_cannot_be_is_refused(said: Any, problem: str) -> None:
    loaded = load_mapping({"routes": {"a.test": "b:1"}, "busy": said})
    assert not loaded.ok
    assert problem in loaded.report()


def test_a_route_cannot_say_it() -> None:
    assert not load_mapping({"routes": {"a.test": {"to": "b:1", "busy": "20ms"}}}).ok


@pytest.mark.parametrize("said", ["highest", 3, True])
def test_an_importance_is_one_of_four(said: Any) -> None:
    loaded = load_mapping({"routes": {"a.test": {"to": "b:1", "importance": said}}})
    assert not loaded.ok
    assert "importance" in loaded.report()
