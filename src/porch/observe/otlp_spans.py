"""Spans as OpenTelemetry's SDK has them. Imported late: see otlp.py.

The SDK makes spans around work that runs. Here the work is over and its times are known, so that
its read-only spans are made at once.
"""

from collections.abc import Mapping, Sequence

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)

from porch.observe.spans import Span
from porch.version import installed_version

__all__ = ["Sender"]

_KINDS = {"server": SpanKind.SERVER, "client": SpanKind.CLIENT}


class Sender:
    """Sends spans of one service to one collector; see otlp.sender."""

    def __init__(self, url: str, headers: Mapping[str, str], service: str, timeout: float) -> None:
        version = installed_version()
        self._resource = Resource.create({"service.name": service, "service.version": version})
        self._scope = InstrumentationScope("porch", version)
        self._exporter = OTLPSpanExporter(
            url, headers=dict(headers), timeout=timeout, compression=Compression.Gzip
        )

    def send(self, spans: Sequence[Span]) -> bool:
        """Whether they have arrived. What is wrong is logged by the SDK."""
        made = [self._made(span) for span in spans]
        return self._exporter.export(made) is SpanExportResult.SUCCESS

    def _made(self, span: Span) -> ReadableSpan:
        parent = None
        if span.parent:
            parent = _context(
                span.trace, span.parent, span.sampled, is_remote=span.kind == "server"
            )
        links = []
        if span.link is not None:
            asked = span.link
            links.append(Link(_context(asked.trace, asked.span, asked.sampled, is_remote=True)))
        return ReadableSpan(
            span.name,
            _context(span.trace, span.span, span.sampled, span.state),
            parent,
            self._resource,
            span.attributes,
            [Event(name, timestamp=at) for name, at in span.events],
            links,
            _KINDS[span.kind],
            status=Status() if span.error is None else Status(StatusCode.ERROR, span.error or None),
            start_time=span.start,
            end_time=span.end,
            instrumentation_scope=self._scope,
        )


def _context(
    trace: int, span: int, sampled: bool, state: bytes = b"", *, is_remote: bool = False
) -> SpanContext:
    states = TraceState.from_header([state.decode("latin-1")]) if state else None
    return SpanContext(trace, span, is_remote, TraceFlags(sampled), states)
