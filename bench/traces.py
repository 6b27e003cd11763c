"""What do traces cost an exchange, where they are on?

    .venv-bench/bin/python bench/traces.py

µs an exchange with one attempt, the best of 30 repeats, one process, CPU time of the thread alone:
in the worker's loop the two hooks and what is made of those that are told; in the thread that
sends, the SDK's spans and their encoding, without the request to a collector. Needs the extra
`otel` for the last line.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, cast

from harness import machine

from porch.balance.endpoint import Endpoint
from porch.exchange import Exchange
from porch.http.message import Field, RequestHead
from porch.observe.ended import Batch
from porch.observe.otlp import is_there
from porch.observe.spans import Span, spans_of
from porch.observe.traces import Traces
from porch.observe.tracing import TELL_TRACE, BeginTrace
from porch.route.route import Route
from porch.trace import Trace

REPEATS, COUNT = 30, 500
NOTHING = cast("Any", None)
ROUTE = Route(key="example.com/api/*")
ENDPOINT = Endpoint("10.0.0.11:8000", NOTHING)
PARENT: Field = (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")


def exchange(fields: list[Field]) -> Exchange:
    request = RequestHead(b"GET", b"/api/users?page=2", b"example.com", b"http", fields)
    made = Exchange(NOTHING, NOTHING, request, ROUTE, b"192.0.2.7")
    made.id, made.status, made.endpoint, made.attempts = b"5f1c2a3e-1b", 200, ENDPOINT, 1
    made.connected = made.started + 0.001
    made.first_byte = made.started + 0.003
    made.ended = made.started + 0.004
    made.outgoing = RequestHead(b"GET", b"/api/users?page=2", b"example.com", b"http", [])
    made.outgoing.lines = [], b""
    return made


def best(run: Callable[[list[Exchange]], object], fields: list[Field]) -> float:
    """µs of one."""
    found = []
    for _ in range(REPEATS):
        exchanges = [exchange(fields) for _ in range(COUNT)]
        for each in exchanges:
            each.trace = Trace(7, sampled=False)
            each.trace.tell(ENDPOINT.name, each.connected)
        began = time.thread_time()
        run(exchanges)
        found.append((time.thread_time() - began) / COUNT * 1e6)
    return min(found)


def begin(exchanges: list[Exchange]) -> None:
    hook = BeginTrace(1.0, lambda _: True).on_request
    for each in exchanges:
        each.trace = None
        each.client = _CLIENT
        hook(each)


def tell(exchanges: list[Exchange]) -> None:
    for each in exchanges:
        TELL_TRACE.on_upstream_request(each)


def make(exchanges: list[Exchange]) -> None:
    for each in exchanges:
        spans_of(each, cast("Trace", each.trace), 0)


def leave_out(exchanges: list[Exchange]) -> None:
    Traces("c", NOTHING, 1.0).take(Batch(exchanges))


class _Client:
    peer = b"192.0.2.7"


_CLIENT = cast("Any", _Client())


def encode(exchanges: list[Exchange]) -> None:
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    from porch.observe.otlp_spans import Sender

    sender = Sender("http://127.0.0.1:1", {}, "porch", 1.0)
    spans: list[Span] = []
    for each in exchanges:
        spans += spans_of(each, cast("Trace", each.trace), 0)
    began = time.thread_time()
    encode_spans([sender._made(span) for span in spans]).SerializeToString()
    _spent.append((time.thread_time() - began) / len(exchanges) * 1e6)


_spent: list[float] = []


def main() -> None:
    print(f"{machine.machine()}; {machine.interpreter(sys.executable)}\n")
    print(f"{'a trace begins':44} {best(begin, []):6.2f}")
    print(f"{'a trace is continued':44} {best(begin, [PARENT]):6.2f}")
    print(f"{'the origin is told':44} {best(tell, []):6.2f}")
    print(f"{'not told at the end':44} {best(leave_out, []):6.2f}")
    print(f"{'told: its two spans':44} {best(make, []):6.2f}")
    if is_there():
        best(encode, [])
        print(f"{'in the thread: as the SDK has them, encoded':44} {min(_spent):6.2f}")


if __name__ == "__main__":
    main()
