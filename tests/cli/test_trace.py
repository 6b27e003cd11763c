"""`porch trace`: one exchange, step by step, as text that is safe to show."""

import json
from typing import Any

from porch.cli import trace
from porch.errors import ConnectionRefused
from porch.failing import Tried
from porch.http.message import RequestHead
from porch.observe.details import details
from porch.observe.json_lines import json_lines
from tests.support.ended import ended


def shown(exchange: Any) -> str:
    more = json.loads(details(exchange, 2048))
    return "\n".join(trace.lines(json.loads(json_lines([exchange])) | more))


def test_an_exchange_that_went_through_has_its_steps_in_order() -> None:
    text = shown(ended(b"/users?page=2"))
    assert text.startswith("GET example.com/users?page=2\n200 after 12.1 ms, ended ")
    steps = [line.strip() for line in text.splitlines()[4:]]
    assert steps == [
        "0.0 ms  192.0.2.7 asked, HTTP/1.1",
        "route example.com/*",
        "1.3 ms  connected to 10.0.0.11:8000",
        "3.5 ms  10.0.0.11:8000 began to answer",
        "12.1 ms  ended: 200, 0 B in, 312 B out",
    ]


def test_failed_attempts_are_told_with_their_reasons_and_what_was_sent() -> None:
    exchange = ended(error=ConnectionRefused("b refused"), status=502)
    exchange.connected = 0.0
    exchange.attempts = 2
    error = ConnectionRefused("a refused")
    exchange.tried = (Tried("a:1", 0.0, 1000.001, error), Tried("b:1", 1000.002, 1000.5, error))
    exchange.outgoing = RequestHead(b"GET", b"/v1", b"h", b"http", [(b"x-a", b"b")])
    text = shown(exchange)
    assert "1.0 ms  a:1 failed, never connected: connection_refused: a refused" in text
    assert "500.0 ms  b:1 failed, connected at 2.0 ms: connection_refused" in text
    assert "2 attempts in all" in text
    assert f"connection_refused: {ConnectionRefused.sentence} (b refused)" in text
    assert "sent last: GET /v1\n  x-a: (1 bytes)" in text


def test_what_is_answered_at_the_door_says_so() -> None:
    assert "answered at the door" in shown(ended(endpoint=None, status=404))


def test_one_that_had_no_answer_says_so() -> None:
    assert "no answer after 12.1 ms" in shown(ended(status=0, error=ConnectionRefused("x")))


def test_nothing_that_was_sent_moves_the_cursor() -> None:
    exchange = ended(b"/\x1b[2J\r\n", host=b"a\x07", method=b"G\x1b")
    text = shown(exchange)
    assert not any(ord(each) < 32 and each != "\n" for each in text)


def test_a_door_that_does_not_know_it_is_a_reason_and_1(tmp_path: Any, capsys: Any) -> None:
    assert trace.show_trace(tmp_path / "porch.toml", "a", as_json=False) == 1
    assert "does not exist" in capsys.readouterr().err
