"""Traces, as a configuration asks for them."""

from typing import Any

import pytest

from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.config.tracing import begin_traces, traces, url_of
from porch.observe.tracing import BeginTrace
from tests.support.ended import ended

COLLECTOR = "http://127.0.0.1:4318"
PARENT = (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


@pytest.fixture
def _extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("porch.config.tracing.is_there", lambda: True)


def config(words: Any = COLLECTOR, **more: Any) -> Loaded:
    return load_mapping({"routes": {"*": ":1"}, "traces": words} | more, "porch.toml")


@pytest.mark.usefixtures("_extra")
def test_without_the_word_there_is_neither_hook_nor_observer() -> None:
    for words in (False, None):
        found = config(words).config if words is not None else load_mapping({}).config
        assert begin_traces(found, lambda _: True) == []
        assert traces(found, print) is None


@pytest.mark.usefixtures("_extra")
@pytest.mark.parametrize(
    ("said", "trusted", "continued"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"trust_parent": True}, False, True),
        ({"trust_parent": False}, True, False),
    ],
)
def test_whose_trace_is_continued(said: Any, trusted: bool, continued: bool) -> None:
    found = config({"to": COLLECTOR} | said).config
    (begin,) = begin_traces(found, lambda _: trusted)
    assert isinstance(begin, BeginTrace)
    exchange = ended(fields=[PARENT])
    exchange.client = type("Client", (), {"peer": b"192.0.2.7"})()  # type: ignore[assignment]
    begin.on_begin(exchange)
    assert exchange.trace is not None
    assert (exchange.trace.parent != 0) is continued


@pytest.mark.usefixtures("_extra")
@pytest.mark.parametrize(
    ("to", "url"),
    [
        (COLLECTOR, f"{COLLECTOR}/v1/traces"),
        (f"{COLLECTOR}/", f"{COLLECTOR}/v1/traces"),
        ("https://a.test/otlp/v1/traces", "https://a.test/otlp/v1/traces"),
    ],
)
def test_a_url_without_a_path_gets_the_usual_one(to: str, url: str) -> None:
    words = config(to).config.traces
    assert words
    assert url_of(words) == url


def test_without_the_extra_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("porch.config.tracing.is_there", lambda: False)
    loaded = config()
    assert not loaded.ok
    assert "pip install 'porch[otel]'" in loaded.report()
    assert config(False).ok


@pytest.mark.usefixtures("_extra")
def test_a_key_that_is_sent_in_the_clear_is_told() -> None:
    def problems(to: str) -> list[str]:
        loaded = config({"to": to, "headers": {"x-key": "1"}})
        assert loaded.ok, loaded.report()
        return [each.text for each in loaded.problems]

    (text,) = problems("http://collector.test:4318")
    assert "leave this machine unencrypted" in text
    assert problems("https://collector.test:4318") == []
    assert problems(COLLECTOR) == []


@pytest.mark.usefixtures("_extra")
def test_the_observer_names_the_collector_and_begins_nothing_yet() -> None:
    made = traces(config().config, print)
    assert made is not None
    assert COLLECTOR in repr(made)
    made.close()
    made.wait()
