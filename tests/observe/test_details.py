"""Details of an exchange that went wrong: no secrets, and bounded."""

import json

from porch.errors import ConnectionRefused
from porch.failing import Tried
from porch.http.message import RequestHead
from porch.observe.details import details
from tests.support.ended import ended


def test_each_attempt_that_failed_is_told_and_what_was_sent():
    exchange = ended(error=ConnectionRefused("x"), status=502)
    refused = ConnectionRefused("refused ?password=swordfish")
    exchange.tried = (
        Tried("10.0.0.11:8000", 0.0, 1000.002, refused),
        Tried("10.0.0.12:8000", 1000.003, 1000.5, refused),
    )
    exchange.outgoing = RequestHead(
        b"GET",
        b"/v1/users?token=swordfish",
        b"example.com",
        b"http",
        [
            (b"host", b"example.com"),
            (b"authorization", b"Bearer swordfish"),
            (b"x-note", b"Basic swordfish"),
            (b"referer", b"https://u:swordfish@a.test/?code=swordfish"),
            (b"user-agent", b"\xff\n"),
        ],
    )
    told = details(exchange, 1024)
    assert b"swordfish" not in told
    assert b"\n" not in told
    found = json.loads(told)
    assert found["tried"] == [
        ["10.0.0.11:8000", None, 2.0, "connection_refused", "refused ?password=***"],
        ["10.0.0.12:8000", 3.0, 500.0, "connection_refused", "refused ?password=***"],
    ]
    line, *fields = found["sent"]
    assert line == "GET /v1/users?token=***"
    assert fields == [
        ["host", "example.com"],
        ["authorization", "(16 bytes)"],
        ["x-note", "(15 bytes)"],
        ["referer", "https://***@a.test/?code=***"],
        ["user-agent", "\\xff\n"],
    ]


def test_whom_an_origin_was_told_of_is_shown():
    exchange = ended()
    exchange.outgoing = RequestHead(
        b"GET", b"/", b"h", b"http", [(b"x-forwarded-for", b"6, 7"), (b"x-real-ip", b"192.0.2.7")]
    )
    _, *fields = json.loads(details(exchange, 1024))["sent"]
    assert fields[-2:] == [["x-forwarded-for", "6, 7"], ["x-real-ip", "192.0.2.7"]]


def test_where_there_is_nothing_it_is_an_empty_object():
    assert details(ended(), 1024) == b"{}"


def test_what_is_too_long_leaves_out_what_was_sent_and_then_all():
    exchange = ended(error=ConnectionRefused("x"), status=502)
    exchange.tried = (Tried("a:1", 0.0, 1000.5, ConnectionRefused("x")),)
    exchange.outgoing = RequestHead(b"GET", b"/", b"h", b"http", [(b"via", b"v" * 290)] * 30)
    assert b'"sent"' not in details(exchange, 1024)
    assert b'"tried"' in details(exchange, 1024)
    assert details(exchange, 10) == b"{}"


def test_of_many_attempts_the_last_are_told():
    exchange = ended()
    refused = ConnectionRefused("x")
    exchange.tried = tuple(Tried(f"a:{each}", 0.0, 1000.1, refused) for each in range(50))
    first = json.loads(details(exchange, 4096))["tried"][0]
    assert first[0] == "a:42"
