"""What an exchange that is over looks like in a trace."""

from typing import Any

import pytest

from porch.errors import ClientGone, ConnectionLost, ConnectionRefused, InternalError, NoEndpoint
from porch.exchange import Exchange
from porch.failing import Tried
from porch.observe.spans import LONGEST, Span, spans_of
from porch.trace import Parent, Trace
from tests.support.ended import ENDPOINT, ended

OFFSET = 1_700_000_000 * 10**9
BEGAN = OFFSET + 1000 * 10**9


def spans(exchange: Exchange, trace: Trace | None = None) -> list[Span]:
    return spans_of(exchange, trace or Trace(7, sampled=True), OFFSET)


def near(moment: int, seconds: float) -> bool:
    return abs(moment - BEGAN - seconds * 1e9) < 1000


def test_an_exchange_is_a_span_with_one_of_its_attempt_below() -> None:
    trace = Trace(7, 8, sampled=True, state=b"a=b", link=Parent(9, 10, sampled=True))
    trace.tell(ENDPOINT, 1000.0013)
    own, attempt = spans(ended(), trace)
    assert (own.kind, own.trace, own.span, own.parent) == ("server", 7, trace.span, 8)
    assert (own.name, own.state, own.link) == ("GET example.com/*", b"a=b", trace.link)
    assert near(own.start, 0)
    assert near(own.end, 0.0121)
    assert (attempt.kind, attempt.span, attempt.parent) == (
        "client",
        trace.told[0].span,
        trace.span,
    )
    (connected, at), (first, then) = attempt.events
    assert (connected, first) == ("connected", "first byte")
    assert near(at, 0.0013)
    assert near(then, 0.0035)
    assert own.error is attempt.error is None


def test_attributes_are_those_of_the_conventions() -> None:
    fields = [(b"user-agent", b"curl/8")]
    own, attempt = spans(ended(b"/users?page=2&token=hush", fields=fields))
    assert own.attributes == {
        "http.request.method": "GET",
        "url.scheme": "http",
        "url.path": "/users",
        "url.query": "page=2&token=***",
        "network.protocol.version": "1.1",
        "client.address": "192.0.2.7",
        "server.address": "example.com",
        "http.route": "example.com/*",
        "http.request.body.size": 0,
        "http.response.body.size": 312,
        "http.response.status_code": 200,
        "user_agent.original": "curl/8",
        "porch.request.id": "5f1c2a3e-1b",
    }
    assert attempt.attributes == {
        "http.request.method": "GET",
        "server.address": "10.0.0.11",
        "server.port": 8000,
        "http.response.status_code": 200,
        "porch.connection.reused": False,
    }


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("a.test:8080", "a.test", 8080),
        ("[::1]:80", "::1", 80),
        ("[::1]", "::1", None),
        ("unix:/run/app:1", "unix:/run/app:1", None),
    ],
)
def test_addresses_have_ports_of_their_own(text: str, address: str, port: Any) -> None:
    attributes = spans(ended(endpoint=text))[1].attributes
    assert (attributes["server.address"], attributes.get("server.port")) == (address, port)


def test_no_client_makes_up_names_or_sizes() -> None:
    own = spans(ended(b"/" + b"x" * 9000, method=b"MADE-UP", route="no-route", endpoint=None))[0]
    assert own.name == "HTTP"
    assert own.attributes["http.request.method"] == "_OTHER"
    assert own.attributes["http.request.method_original"] == "MADE-UP"
    assert "http.route" not in own.attributes
    assert len(str(own.attributes["url.path"])) == LONGEST


def test_attempts_that_failed_stand_one_behind_the_other() -> None:
    exchange = ended()
    exchange.tried = (
        Tried("10.0.0.1:80", 0.0, 1000.001, ConnectionRefused("10.0.0.1:80 refused")),
        Tried("10.0.0.2:80", 1000.0015, 1000.002, ConnectionLost("gone")),
    )
    exchange.connected, exchange.attempts = 1000.003, 3
    trace = Trace(7, sampled=True)
    trace.tell("10.0.0.2:80", 1000.0015)
    trace.tell(ENDPOINT, 1000.003)
    _, first, second, last = spans(exchange, trace)
    assert near(first.start, 0)
    assert near(first.end, 0.001)
    assert near(second.start, 0.001)
    assert near(last.start, 0.002)
    assert [each.attributes.get("error.type") for each in (first, second, last)] == [
        "connection_refused",
        "connection_terminated",
        None,
    ]
    assert [each.attributes.get("http.request.resend_count") for each in (first, second, last)] == [
        None,
        1,
        2,
    ]
    assert first.events == []
    assert [second.span, last.span] == [each.span for each in trace.told]
    assert first.span not in (0, second.span, last.span)
    assert first.error


def test_an_attempt_that_failed_last_is_there_once() -> None:
    error = ConnectionRefused("10.0.0.11:8000 refused")
    exchange = ended(status=503, error=NoEndpoint("nobody"))
    exchange.tried = (Tried("10.0.0.11:8000", 0.0, 1000.01, error),)
    own, attempt = spans(exchange)
    assert own.attributes["error.type"] == "destination_unavailable"
    assert own.attributes["porch.error.detail"] == "nobody"
    assert own.error == NoEndpoint.sentence
    assert attempt.attributes["error.type"] == "connection_refused"
    assert "http.response.status_code" not in attempt.attributes


def test_an_answer_that_was_cut_has_its_status() -> None:
    exchange = ended(error=ConnectionLost("gone"))
    exchange.first_byte = 1000.0035
    exchange.tried = (Tried("10.0.0.11:8000", 1000.0013, 1000.01, ConnectionLost("gone")),)
    _, attempt = spans(exchange)
    assert attempt.attributes["http.response.status_code"] == 200
    assert [name for name, _ in attempt.events] == ["connected", "first byte"]


def test_what_an_origin_says_is_wrong_is_wrong_on_both_sides() -> None:
    own, attempt = spans(ended(status=502))
    assert own.error == attempt.error == ""
    assert own.attributes["error.type"] == attempt.attributes["error.type"] == "502"
    own, attempt = spans(ended(status=404))
    assert own.error is None
    assert attempt.error == ""


def test_a_client_that_left_is_no_error_of_ours() -> None:
    exchange = ended(status=0, error=ClientGone("left"))
    exchange.tried = (Tried("10.0.0.11:8000", 1000.0013, 1000.01, ClientGone("left")),)
    own, attempt = spans(exchange)
    assert own.error is attempt.error is None
    assert own.attributes["error.type"] == "client_gone"
    assert "http.response.status_code" not in own.attributes


def test_a_defects_text_stays_here_and_secrets_are_taken_out() -> None:
    own = spans(ended(status=500, error=InternalError("quotes anything"), endpoint=None))[0]
    assert "quotes" not in repr(own)
    error = ConnectionRefused("http://a.test/?token=hush")
    assert "hush" not in repr(spans(ended(status=502, error=error)))


def test_what_is_answered_at_the_door_has_nothing_below() -> None:
    (own,) = spans(ended(endpoint=None))
    assert own.kind == "server"


def test_each_attempt_that_an_origin_was_told_of_is_there() -> None:
    trace = Trace(7, sampled=True)
    trace.tell("10.0.0.9:80", 1000.002)
    _, other = spans(ended(endpoint=None), trace)
    assert (other.kind, other.span, other.parent) == ("client", trace.told[0].span, trace.span)
    assert other.attributes["server.address"] == "10.0.0.9"
    assert near(other.start, 0.002)
    assert near(other.end, 0.0121)
