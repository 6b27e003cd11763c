"""The table of all that a door can be asked."""

import re

from porch.manage.operations import OPERATIONS, at


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
