"""A collector is sent spans, and what it says is heard."""

import logging
from collections.abc import Iterator

import pytest

from porch.observe import otlp
from porch.observe.otlp import is_there, sender
from porch.observe.spans import Span
from tests.support.collector import Collector, collecting

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra porch[otel]")


@pytest.fixture
def collector() -> Iterator[Collector]:
    logger = logging.getLogger("opentelemetry")
    before = logger.handlers, logger.propagate
    with collecting() as made:
        yield made
    logger.handlers, logger.propagate = before


def test_what_is_wrong_is_returned_and_nothing_is_printed(
    collector: Collector, capfd: pytest.CaptureFixture[str]
) -> None:
    collector.status = 401
    send = sender(f"{collector.url}/v1/traces", {}, "porch", 5.0)
    assert "401" in send([Span("GET", "client", 1, 2, 0, 1, 2, {})])
    collector.status = 200
    assert send([Span("GET", "client", 1, 2, 0, 1, 2, {})]) == ""
    assert capfd.readouterr() == ("", "")


def test_nobody_there_is_said_within_the_timeout() -> None:
    send = sender("http://127.0.0.1:1/v1/traces", {}, "porch", 0.2)
    assert send([Span("GET", "client", 1, 2, 0, 1, 2, {})])


def test_whether_the_extra_is_there_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_there()
    monkeypatch.setattr(otlp, "find_spec", lambda name: None)
    assert not is_there()

    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(otlp, "find_spec", missing)
    assert not is_there()
