"""Who is part of which trace, and what the origin is told of it."""

import pytest

from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.rehearse import rehearse
from porch.config.state import State
from porch.exchange import Exchange
from porch.http.message import Field, RequestHead
from porch.observe.tracing import LONGEST_STATE, TELL_TRACE, BeginTrace
from porch.trace import Trace
from tests.support.ended import ended

TRACE, SPAN = 0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331
PARENT = (b"traceparent", b"00-%032x-%016x-01" % (TRACE, SPAN))
UNSAMPLED = (b"traceparent", PARENT[1][:-1] + b"0")


class Client:
    peer = b"192.0.2.7"


def begun(*fields: Field, ratio: float = 1.0, trusted: bool = True) -> Trace:
    exchange = asked(*fields)
    BeginTrace(ratio, lambda peer: trusted and peer == Client.peer).on_begin(exchange)
    assert exchange.trace is not None
    return exchange.trace


def asked(*fields: Field) -> Exchange:
    exchange = ended(fields=list(fields))
    exchange.client = Client()  # type: ignore[assignment]
    return exchange


@pytest.mark.parametrize(("field", "sampled"), [(PARENT, True), (UNSAMPLED, False)])
@pytest.mark.parametrize("ratio", [0.0, 1.0])
def test_who_is_trusted_decides(field: Field, sampled: bool, ratio: float) -> None:
    trace = begun(field, ratio=ratio)
    assert (trace.id, trace.parent, trace.sampled) == (TRACE, SPAN, sampled)
    assert trace.link is None


def test_a_stranger_decides_nothing_and_is_linked() -> None:
    trace = begun(PARENT, (b"tracestate", b"a=b"), ratio=0.0, trusted=False)
    assert trace.id != TRACE
    assert (trace.parent, trace.state, trace.sampled) == (0, b"", False)
    assert trace.link is not None
    assert trace.link.trace == TRACE


def test_nobody_is_trusted_without_trust() -> None:
    exchange = asked(PARENT)
    BeginTrace(1.0).on_begin(exchange)
    assert exchange.trace is not None
    assert exchange.trace.id != TRACE


@pytest.mark.parametrize(
    "fields", [[], [(b"traceparent", b"what")], [PARENT, PARENT], [(b"tracestate", b"a=b")]]
)
def test_without_a_parent_a_trace_begins(fields: list[Field]) -> None:
    trace = begun(*fields)
    assert trace.id not in (0, TRACE)
    assert (trace.parent, trace.link, trace.state) == (0, None, b"")
    assert trace.sampled


def test_the_ratio_is_of_all_traces() -> None:
    found = [begun(ratio=0.25).sampled for _ in range(2000)]
    assert 350 < sum(found) < 650
    assert not any(begun(ratio=0.0).sampled for _ in range(100))


def test_the_state_goes_on_in_one_line_unless_it_is_too_long() -> None:
    states = [(b"tracestate", b"a=b"), (b"tracestate", b"c=d")]
    assert begun(PARENT, *states).state == b"a=b,c=d"
    assert begun(PARENT, (b"tracestate", b"a=" + b"b" * LONGEST_STATE)).state == b""


def test_a_trace_that_is_there_already_stays() -> None:
    exchange = asked(PARENT)
    exchange.trace = there = Trace(7, sampled=True)
    BeginTrace(1.0).on_begin(exchange)
    assert exchange.trace is there


def test_the_origin_is_told_in_fields_and_in_their_lines() -> None:
    exchange = asked()
    exchange.trace = Trace(TRACE, SPAN, sampled=True, state=b"a=b")
    exchange.outgoing = head = RequestHead(b"GET", b"/", b"a.test", b"http", [(b"x", b"1")])
    head.lines = [(b"x", b"1")], b"x: 1\r\n"
    TELL_TRACE.on_upstream_request(exchange)
    told = b"00-%032x-%016x-01" % (TRACE, exchange.trace.told[0].span)
    assert head.fields == [(b"x", b"1"), (b"traceparent", told), (b"tracestate", b"a=b")]
    assert head.lines is not None
    assert head.lines[0] == head.fields
    assert b"".join(head.lines[1:]) == b"x: 1\r\ntraceparent: %b\r\ntracestate: a=b\r\n" % told


def test_without_a_trace_nothing_is_told() -> None:
    exchange = asked()
    exchange.outgoing = head = RequestHead(b"GET", b"/", b"a.test", b"http", [])
    TELL_TRACE.on_upstream_request(exchange)
    assert head.fields == []


def test_porch_explain_shows_what_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("porch.config.tracing.is_there", lambda: True)
    loaded = load_mapping({"routes": {"*": ":1"}, "traces": "http://127.0.0.1:4318"})
    built = build(loaded, State())
    assert built is not None
    request = RequestHead(b"GET", b"/", b"a.test", b"http", [PARENT])
    sent = rehearse(built, request, b"192.0.2.1").sent
    assert sent is not None
    (told,) = [value for name, value in sent.fields if name == b"traceparent"]
    assert told != PARENT[1]
