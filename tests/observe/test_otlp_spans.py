"""Spans arrive at a collector as they were made."""

from collections.abc import Iterator

import pytest

from porch.observe.spans import Span
from porch.trace import Parent
from tests.support.collector import Collector, collecting

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra porch[otel]")


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


def test_a_span_arrives_whole(collector: Collector) -> None:
    made = Span(
        name="GET a.test/*",
        kind="server",
        trace=0x0AF7651916CD43DD8448EB211C80319C,
        span=0xB7AD6B7169203331,
        parent=0x1122334455667788,
        start=1_700_000_000_000_000_000,
        end=1_700_000_000_000_000_500,
        attributes={"http.response.status_code": 502, "url.path": "/ü", "reused": True},
        state=b"a=b,c=d",
        link=Parent(7, 8, sampled=True),
        events=[("connected", 1_700_000_000_000_000_100)],
        error="The origin broke its answer off.",
    )
    plain = Span("GET", "client", 1, 2, 0, 1, 2, {}, sampled=False)
    from porch.observe.otlp_spans import Sender

    sender = Sender(f"{collector.url}/v1/traces", {"x-key": "1"}, "shop", 5.0)
    assert sender.send([made, plain])
    told, other = collector.spans
    assert (told.trace, told.span, told.parent) == (
        "0af7651916cd43dd8448eb211c80319c",
        "b7ad6b7169203331",
        "1122334455667788",
    )
    assert (told.kind, told.name, told.start, told.end) == (
        "server",
        made.name,
        made.start,
        made.end,
    )
    assert told.attributes == made.attributes
    assert told.events == made.events
    assert told.links == [f"{7:032x}"]
    assert told.state == "a=b,c=d"
    assert told.is_error
    assert told.message == made.error
    assert told.resource["service.name"] == "shop"
    assert (other.kind, other.parent, other.is_error) == ("client", "", False)
    ((path, fields),) = collector.requests
    assert (path, fields["x-key"]) == ("/v1/traces", "1")
