"""X-Request-ID: one for each request, to client and origin; a stranger's own is none."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from porch.filter import Response
from porch.http.known import Known
from porch.http.message import ResponseHead
from porch.observe.request_id import RequestId
from tests.budget.test_plain_exchange import Plain
from tests.support.ended import ended
from tests.support.network import FakeClock, FakeLoop

FORM = re.compile(rb"[0-9a-f]{8}-[0-9a-f]+\Z")


def given(filter_: RequestId, value: bytes | None = None, peer: bytes = b"192.0.2.7") -> bytes:
    exchange = ended(fields=[] if value is None else [(b"x-request-id", value)])
    exchange.id = b""
    client: Any = SimpleNamespace(peer=peer)
    exchange.client = client
    filter_.on_begin(exchange)
    return exchange.id


def test_each_request_has_one_of_its_own():
    filter_, other = RequestId(), RequestId()
    ids = [given(each) for each in (filter_, filter_, other)]
    assert len(set(ids)) == 3
    assert all(map(FORM.match, ids))


def test_one_of_a_trusted_peer_is_kept_and_a_strangers_replaced():
    filter_ = RequestId(lambda peer: peer == b"10.0.0.1")
    assert given(filter_, b"abc:1/2", b"10.0.0.1") == b"abc:1/2"
    assert FORM.match(given(filter_, b"abc", b"192.0.2.7"))
    assert FORM.match(given(filter_, None, b"10.0.0.1"))


@pytest.mark.parametrize("odd", [b"", b"a b", b'a"b', b"a\x1b[2J", b"x" * 129, b"\xff", b"a\nb"])
def test_one_that_would_break_a_line_is_replaced_whoever_sends_it(odd):
    assert FORM.match(given(RequestId(lambda peer: True), odd))


def test_the_client_is_told_and_an_origins_own_goes():
    exchange = ended()
    stored = [(b"x-request-id", b"origin's"), (b"a", b"b")]
    exchange.response = ResponseHead(200, stored)
    RequestId().on_response(exchange)
    assert exchange.response.fields == [(b"a", b"b"), (b"x-request-id", b"5f1c2a3e-1b")]
    assert stored[0] == (b"x-request-id", b"origin's")


@pytest.mark.parametrize("added", [[], [(b"x-request-id", b"theirs")]])
@pytest.mark.parametrize("first", [[(b"a", b"b")], [(b"x-request-id", b"theirs")]])
def test_an_answer_whose_fields_are_known_has_one_as_well(first, added):
    exchange = ended()
    exchange.response = ResponseHead(200, [*first, *added], known=Known(first))
    RequestId().on_response(exchange)
    others = [each for each in first if each[0] != b"x-request-id"]
    assert exchange.response.fields == [*others, (b"x-request-id", b"5f1c2a3e-1b")]


def test_an_answer_that_others_may_have_too_stays_as_it_is():
    exchange = ended()
    kept = [(b"a", b"b")]
    exchange.made = Response(200)
    for name in (b"1", b"2"):
        exchange.id = name
        exchange.response = ResponseHead(200, kept)
        RequestId().on_response(exchange)
        assert exchange.response.fields == [(b"a", b"b"), (b"x-request-id", name)]
    assert kept == [(b"a", b"b")]


@pytest.mark.parametrize("framing", [b"Content-Length: 3000", b"Transfer-Encoding: chunked"])
def test_what_is_refused_with_its_first_bytes_has_its_id_too(
    monkeypatch: pytest.MonkeyPatch, framing: bytes
) -> None:
    loop = FakeLoop(FakeClock(monkeypatch))
    door = Plain(loop, {"example.com": {"to": "127.0.0.1:9", "limits": {"body": "1KB"}}})
    door.client.arrived.clear()
    body = b"x" * 3000 if b"Length" in framing else b"bb8\r\n" + b"x" * 3000 + b"\r\n"
    head = b"POST / HTTP/1.1\r\nHost: example.com\r\n" + framing + b"\r\n\r\n"
    loop.run(lambda: door.client.feed(head + body))
    answer = bytes(door.client.arrived)
    name = re.search(rb"\r\nx-request-id: ([0-9a-f]{8}-[0-9a-f]+)\r\n", answer)
    assert answer.startswith(b"HTTP/1.1 413")
    assert name is not None
    assert b"request " + name[1] in answer.partition(b"\r\n\r\n")[2]
    door.log.close()
    loop.close()
