"""The words about traces."""

from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.config.schema_traces import TracesModel


@pytest.fixture(autouse=True)
def _extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("porch.config.tracing.is_there", lambda: True)


def config(words: Any) -> Loaded:
    return load_mapping({"routes": {"*": ":1"}, "traces": words}, "porch.toml")


def test_a_url_alone_is_the_collector_and_all_else_has_defaults() -> None:
    loaded = config("http://127.0.0.1:4318")
    assert loaded.ok, loaded.report()
    words = loaded.config.traces
    assert isinstance(words, TracesModel)
    assert (words.to, words.ratio, words.slower) == ("http://127.0.0.1:4318", 1.0, 1.0)
    assert (words.trust_parent, words.service, words.headers) == (None, "porch", {})


def test_false_is_none() -> None:
    assert config(False).config.traces is False
    assert load_mapping({"routes": {"*": ":1"}}).config.traces is None


def test_all_words_are_read() -> None:
    words = config(
        {
            "to": "https://collector.test/otlp/v1/traces",
            "ratio": "5%",
            "slower": "250ms",
            "trust_parent": True,
            "service": "door",
            "headers": {"x-key": "1"},
            "timeout": "3s",
        }
    ).config.traces
    assert isinstance(words, TracesModel)
    assert (words.ratio, words.slower, words.timeout) == (0.05, 0.25, 3.0)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("127.0.0.1:4318", "it is no URL"),
        ({"to": "grpc://a.test:4317"}, "it is no URL"),
        ({"ratio": "5%"}, "'to' is missing"),
        ({"to": "http://a.test", "ratio": 0.5}, "a share is a number up to 100 with %"),
        ({"to": "http://a.test", "timeout": "0s"}, "timeout"),
        ({"to": "http://a.test", "service": ""}, "service"),
        (True, "a URL, such as"),
    ],
)
def test_what_is_not_right_is_refused_with_what_to_write(words: Any, says: str) -> None:
    loaded = config(words)
    assert not loaded.ok
    assert says in loaded.report()
