"""A collector of OpenTelemetry: a real HTTP server that decodes what it is sent (OTLP)."""

import gzip
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Collector", "Told", "collecting"]


@dataclass
class Told:
    """A span as it was received. attributes, resource: with plain values. ids: hexadecimal, "" for
    none."""

    name: str
    kind: str
    trace: str
    span: str
    parent: str
    start: int
    end: int
    attributes: dict[str, Any]
    events: list[tuple[str, int]]
    links: list[str]
    is_error: bool
    message: str
    state: str
    resource: dict[str, Any]


class Collector:
    """What was received. status: what it answers with. gate: while it is not set, it does not."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.gate = threading.Event()
        self.gate.set()
        self.spans: list[Told] = []
        self.requests: list[tuple[str, dict[str, str]]] = []

    def named(self, kind: str) -> list[Told]:
        """Those of a kind, "server" or "client", in the order of their starts."""
        return sorted((each for each in self.spans if each.kind == kind), key=lambda it: it.start)

    def take(self, body: bytes) -> None:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )

        found = ExportTraceServiceRequest()
        found.ParseFromString(body)
        for resource in found.resource_spans:
            about = _plain(resource.resource.attributes)
            for scope in resource.scope_spans:
                self.spans += [_told(each, about) for each in scope.spans]


def _told(span: Any, resource: dict[str, Any]) -> Told:
    kinds = {2: "server", 3: "client"}
    return Told(
        name=span.name,
        kind=kinds[span.kind],
        trace=span.trace_id.hex(),
        span=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
        attributes=_plain(span.attributes),
        events=[(each.name, each.time_unix_nano) for each in span.events],
        links=[each.trace_id.hex() for each in span.links],
        is_error=span.status.code == 2,
        message=span.status.message,
        state=span.trace_state,
        resource=resource,
    )


def _plain(attributes: Sequence[Any]) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that runs meanwhile, on a port of its own."""
    made = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            made.gate.wait(30)
            if made.status == 200:
                packed = self.headers.get("content-encoding") == "gzip"
                made.take(gzip.decompress(body) if packed else body)
            self.send_response(made.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()
