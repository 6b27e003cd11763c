"""The table of all that a door can be asked."""

import re

import pytest

from porch.manage.control.operations import OPERATIONS, at
from porch.manage.control.schema import wrong


def test_each_is_found_at_its_path_and_nothing_else_is() -> None:
    for each in OPERATIONS.values():
        assert at(each.path) is each
        assert re.fullmatch(r"/v1/[a-z.-]+", each.path)
    assert at("/v1/") is at("/v1/status/") is at("/") is None


def test_what_changes_something_is_a_post_and_nothing_else_is() -> None:
    changing = {each.name for each in OPERATIONS.values() if each.method == "POST"}
    assert changing >= {"reload", "rollback", "upgrade", "stop", "drain", "weight", "purge"}
    assert not changing & {"status", "diff", "orders", "recent", "trace", "totals", "cache"}


def test_words_are_of_one_object_that_takes_no_others() -> None:
    for each in OPERATIONS.values():
        assert (each.takes["type"], each.takes["additionalProperties"]) == ("object", False)
        assert each.gives["type"] == "object"
        assert each.summary.endswith(".")


@pytest.mark.parametrize(
    ("name", "words", "why"),
    [
        ("drain", {}, "'endpoint' is missing"),
        ("drain", {"endpoint": 3}, "'endpoint' is a text"),
        ("drain", {"endpoint": "a:1", "wait": -1}, "'wait' is at least 0 and at most 3600"),
        ("weight", {"endpoint": "a:2"}, "'weight' is missing"),
        ("weight", {"endpoint": "a:2", "weight": -1}, "'weight' is at least 0 and at most 1000"),
        ("weight", {"endpoint": "a:2", "weight": 1001}, "'weight' is at least 0 and at most 1000"),
        ("weight", {"endpoint": "a:2", "weight": True}, "'weight' is a whole number or null"),
        ("weight", {"endpoint": "a:2", "weight": None}, ""),
        ("maintenance", {"route": "a", "on": "yes"}, "'on' is true or false"),
        ("purge", {"urls": "https://a.test/"}, "'urls' is a list"),
        ("reload", {"now": True}, "'now' is not known; the words are: none"),
        ("certificates", {"names": ["a.test"]}, "'names' is not known; the words are: none"),
    ],
)
def test_words_that_mean_nothing_are_said(name: str, words: dict[str, object], why: str) -> None:
    assert wrong(OPERATIONS[name].takes, words) == why
