"""The words of the cache. What is wrong with them in words: golden/caches."""

from typing import Any

import pytest
from pydantic import ValidationError

from porch.config.schema import ConfigModel, RouteModel
from porch.config.schema_cache import TRACKING, CacheModel, statuses


def cache(value: object) -> CacheModel:
    found = RouteModel.model_validate({"to": "a:1", "cache": value}).cache
    assert found
    return found


def test_true_is_a_table_without_words_and_a_duration_is_its_ttl() -> None:
    assert cache(True) == cache({}) == CacheModel()
    assert cache("1h") == cache({"ttl": "1h"})
    assert cache("1h").ttl == 3600
    assert RouteModel.model_validate({"to": "a:1", "cache": False}).cache is False
    assert RouteModel.model_validate({"to": "a:1"}).cache is None


def test_the_key_of_a_status_is_one_or_a_class() -> None:
    assert cache({"status_ttl": {"404": "1m", "5xx": "0s"}}).status_ttl == {"404": 60, "5xx": 0}
    assert [*statuses("404")] == [404]
    assert [*statuses("5xx")] == [*range(500, 600)]


@pytest.mark.parametrize("text", ["100", "600", "4x", "1xx", "4xxx", "٤04", "", "404 "])
def test_what_is_no_final_status_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no status"):
        statuses(text)


def test_one_of_something_is_a_list_of_one() -> None:
    made = cache({"ignore": "vary", "key": {"query": "q", "fields": "a", "cookies": "c"}})
    assert made.ignore == ["vary"]
    assert made.key is not None
    assert (made.key.query, made.key.fields, made.key.cookies) == (["q"], ["a"], ["c"])


@pytest.mark.parametrize("written", ["tracking", ["tracking"], ["sid", "tracking"]])
def test_the_named_list_is_spelled_out_in_its_place(written: object) -> None:
    key = cache({"key": {"ignore_query": written}}).key
    assert key is not None
    assert key.ignore_query is not None
    assert {"utm_*", "gclid", "fbclid"} <= {*TRACKING} <= {*key.ignore_query}
    assert "tracking" not in key.ignore_query
    assert ("sid" in key.ignore_query) == ("sid" in written)  # type: ignore[operator]


def test_nothing_is_left_out_of_a_key_that_is_not_said() -> None:
    key = cache({"key": {}}).key
    assert key is not None
    assert key.ignore_query is None
    assert key.query is None


@pytest.mark.parametrize(
    "value",
    [
        60,
        "soon",
        {"ttl": 60},
        {"ignore": ["cookie"]},
        {"deception": True},
        {"key": {"query": ["a=b"]}},
        {"key": {"query": ["*a"]}},
        {"key": {"query": [""]}},
        {"key": {"query": [], "ignore_query": "tracking"}},
        {"key": {"cookies": ["a;b"]}},
        {"key": {"py": "py:shop:key"}},
        {"bypass": {"method": "POST"}},
        {"bypass": [{"cookie": {"a": True}}]},
    ],
)
def test_nonsense_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        cache(value)


def test_a_store_has_a_size_and_either_a_folder_or_memory() -> None:
    def store(**words: Any) -> Any:
        return ConfigModel.model_validate({"cache_store": words}).cache_store

    assert store(size="10GB", path="/srv/kept").size == 10 << 30
    assert store(memory=True).memory
    assert store(memory=False, path="/srv/kept").path == "/srv/kept"
    with pytest.raises(ValidationError, match="keep one"):
        store(memory=True, path="/srv/kept")
    with pytest.raises(ValidationError):
        store(size="0B")
