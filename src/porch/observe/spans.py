"""Spans: what an exchange that is over was, as a trace tells it: one of the exchange, and below it
one of each attempt.

Attributes by OpenTelemetry's semantic conventions for HTTP (1.23 and later), and a few of our own
beginning with `porch.`. What is secret in a URL is taken out here. Not here: whether anybody wants
them (traces.py), and how they are sent (otlp.py).
"""

from dataclasses import dataclass, field
from typing import Literal

from porch.errors import InternalError, PorchError
from porch.exchange import Exchange
from porch.failing import Tried
from porch.http.message import RequestHead
from porch.observe.redact import redact_url
from porch.trace import Parent, Told, Trace, new_span

__all__ = ["LONGEST", "Span", "Value", "spans_of"]

Value = str | int | bool

LONGEST = 1024
"""Characters of a text; what is longer is cut."""
_METHODS = frozenset(
    (b"CONNECT", b"DELETE", b"GET", b"HEAD", b"OPTIONS", b"PATCH", b"POST", b"PUT", b"QUERY")
) | {b"TRACE"}
"""Others are _OTHER, so that no client makes up names of spans."""
_NOT_ROUTES = frozenset(("-", "no-route", "no-site"))


@dataclass(slots=True)
class Span:
    """One piece of work. kind: of what is asked, or asks. parent: 0 for none. start, end, and of
    events: nanoseconds of the wall clock. error: in words, perhaps "", None where all went well."""

    name: str
    kind: Literal["server", "client"]
    trace: int
    span: int
    parent: int
    start: int
    end: int
    attributes: dict[str, Value]
    sampled: bool = True
    state: bytes = b""
    link: Parent | None = None
    events: list[tuple[str, int]] = field(default_factory=list)
    error: str | None = None


def spans_of(exchange: Exchange, trace: Trace, offset: int) -> list[Span]:
    """The exchange's own, and behind it those of its attempts. offset: nanoseconds from
    clock.monotonic() to the wall clock. 9 us with one attempt."""
    request, error, status = exchange.request, exchange.error, exchange.status
    method = request.method.decode("latin-1") if request.method in _METHODS else "HTTP"
    attributes = _asked(exchange, method)
    found = None
    if status:
        attributes["http.response.status_code"] = status
    if error is not None:
        attributes["error.type"] = error.word
        if error.detail and not isinstance(error, InternalError):  # which may quote anything
            attributes["porch.error.detail"] = _shown(redact_url(error.detail.encode()))
    elif status >= 500:
        attributes["error.type"] = str(status)
    if status >= 500 or (not status and error is not None and error.source != "client"):
        found = "" if error is None else error.sentence
    route = exchange.route.key
    own = Span(
        name=method if route in _NOT_ROUTES else f"{method} {route}",
        kind="server",
        trace=trace.id,
        span=trace.span,
        parent=trace.parent,
        sampled=trace.sampled,
        state=trace.state,
        link=trace.link,
        start=_ns(exchange.started, offset),
        end=_ns(exchange.ended, offset),
        attributes=attributes,
        error=found,
    )
    if exchange.first_byte:
        own.events.append(("first byte", _ns(exchange.first_byte, offset)))
    return [own, *_attempts(exchange, trace, method, offset)]


def _asked(exchange: Exchange, method: str) -> dict[str, Value]:
    """What was asked for, and by whom."""
    request = exchange.request
    address, port = _address(request.authority.decode("latin-1"))
    found: dict[str, Value] = {
        "http.request.method": "_OTHER" if method == "HTTP" else method,
        "url.scheme": request.scheme.decode("latin-1"),
        "network.protocol.version": request.version.decode("latin-1"),
        "client.address": exchange.client_ip.decode("latin-1"),
        "http.request.body.size": exchange.bytes_in,
        "http.response.body.size": exchange.bytes_out,
        **_target(request.target),
    }
    if method == "HTTP":
        found["http.request.method_original"] = _shown(request.method)
    if address:
        found["server.address"] = address[:LONGEST]
    if port:
        found["server.port"] = port
    if exchange.route.key not in _NOT_ROUTES:
        found["http.route"] = exchange.route.key
    if exchange.id:
        found["porch.request.id"] = exchange.id.decode("latin-1")
    agent = request.get(b"user-agent")
    if agent:
        found["user_agent.original"] = _shown(agent)
    return found


def _attempts(exchange: Exchange, trace: Trace, method: str, offset: int) -> list[Span]:
    """One after the other. When an attempt began is not kept: it is taken for the moment at which
    the one before had failed. Behind them are those of which only the origin was told: an answer
    took the place of theirs, or they were made for this exchange by another."""
    told = {each.connected: each for each in trace.told}
    spans = []
    began = exchange.started
    for number, tried in enumerate(exchange.tried):
        known = told.pop(tried.connected, None)
        spans.append(_failed(exchange, trace, method, tried, began, known, offset))
        if number:
            spans[-1].attributes["http.request.resend_count"] = number
        began = tried.at
    endpoint = exchange.endpoint
    if endpoint is not None and (not exchange.tried or exchange.first_byte > began):
        known = told.pop(exchange.connected, None)
        last = _attempt(trace, method, endpoint.name, exchange.outgoing, known)
        last.start = _ns(exchange.connected if exchange.reused else began, offset)
        last.end = _ns(exchange.ended, offset)
        _phases(last, exchange.connected, exchange.first_byte, offset)
        last.attributes["porch.connection.reused"] = exchange.reused
        if exchange.tried:
            last.attributes["http.request.resend_count"] = len(exchange.tried)
        if exchange.first_byte and exchange.status:
            _answered(last, exchange.status)
        elif exchange.error is not None:
            _wrong(last, exchange.error)
        spans.append(last)
    for known in told.values():
        other = _attempt(trace, method, known.endpoint, None, known)
        other.start, other.end = _ns(known.connected, offset), _ns(exchange.ended, offset)
        spans.append(other)
    return spans


def _failed(
    exchange: Exchange,
    trace: Trace,
    method: str,
    tried: Tried,
    began: float,
    told: Told | None,
    offset: int,
) -> Span:
    """An attempt that came to nothing, perhaps behind the head of its answer."""
    span = _attempt(trace, method, tried.endpoint, exchange.outgoing, told)
    span.start, span.end = _ns(began, offset), _ns(tried.at, offset)
    first_byte = exchange.first_byte if began < exchange.first_byte <= tried.at else 0.0
    _phases(span, tried.connected, first_byte, offset)
    if first_byte and exchange.status and exchange.made is None:  # it was cut behind its head
        span.attributes["http.response.status_code"] = exchange.status
    _wrong(span, tried.error)
    return span


def _attempt(
    trace: Trace, method: str, endpoint: str, outgoing: RequestHead | None, told: Told | None
) -> Span:
    address, port = _address(endpoint)
    attributes: dict[str, Value] = {
        "http.request.method": "_OTHER" if method == "HTTP" else method,
        "server.address": address,
    }
    if port:
        attributes["server.port"] = port
    if outgoing is not None:
        attributes |= _target(outgoing.target)
    return Span(
        name=method,
        kind="client",
        trace=trace.id,
        span=new_span() if told is None else told.span,
        parent=trace.span,
        sampled=trace.sampled,
        state=trace.state,
        start=0,
        end=0,
        attributes=attributes,
    )


def _phases(span: Span, connected: float, first_byte: float, offset: int) -> None:
    for name, at in (("connected", connected), ("first byte", first_byte)):
        if at:
            span.events.append((name, _ns(at, offset)))


def _answered(span: Span, status: int) -> None:
    """For who asks 400 is an error too."""
    span.attributes["http.response.status_code"] = status
    if status >= 400:
        span.attributes["error.type"] = str(status)
        span.error = ""


def _wrong(span: Span, error: PorchError) -> None:
    span.attributes["error.type"] = error.word
    if error.source != "client":
        span.error = error.sentence


def _target(target: bytes) -> dict[str, Value]:
    path, mark, query = redact_url(target).partition(b"?")
    found: dict[str, Value] = {"url.path": _shown(path)}
    if mark:
        found["url.query"] = _shown(query)
    return found


def _address(text: str) -> tuple[str, int]:
    """ "[::1]:80" -> ("::1", 80); 0 where there is no port, as of a Unix socket."""
    host, mark, port = text.rpartition(":")
    if not mark or not port.isdecimal() or not port.isascii() or text.startswith("unix:"):
        return text.removeprefix("[").removesuffix("]"), 0
    return host.removeprefix("[").removesuffix("]"), int(port)


def _shown(value: bytes) -> str:
    return value[:LONGEST].decode("utf-8", "backslashreplace")


def _ns(moment: float, offset: int) -> int:
    return int(moment * 1e9) + offset
