"""What debug says of an exchange that is over."""

from collections.abc import Iterator
from typing import Any

import pytest

from porch import clock
from porch.debug import debug
from porch.errors import ConnectionRefused, NoEndpoint
from porch.failing import Tried
from porch.http.message import ResponseHead
from porch.observe.ended import Batch
from porch.observe.steps import Steps
from tests.support.ended import ended


@pytest.fixture
def said() -> Iterator[list[str]]:
    lines: list[str] = []
    debug.begin(clock.monotonic() + 60, lines.append)
    yield lines
    debug.end()


def take(*exchanges: Any) -> None:
    Steps().take(Batch([*exchanges]))


def test_a_new_connection_is_said_and_a_kept_one_is_nothing(said: list[str]) -> None:
    kept = ended()
    kept.reused = True
    take(ended(), kept)
    assert said == [
        "5f1c2a3e-1b GET example.com/users: new connection to 10.0.0.11:8000 after 1.3 ms; 200"
    ]


def test_attempts_that_failed_and_why_it_ended(said: list[str]) -> None:
    exchange = ended(endpoint=None, status=503, error=NoEndpoint("all are out"))
    error = ConnectionRefused("10.0.0.1:80 refused the connection")
    exchange.tried = (Tried("10.0.0.1:80", 0.0, 1000.0003, error),)
    take(exchange)
    (line,) = said
    assert "tried 10.0.0.1:80, connection_refused (10.0.0.1:80 refused the connection)" in line
    assert line.endswith(f"after 0.3 ms; {exchange.error.word}; 503")


def test_what_the_cache_decided(said: list[str]) -> None:
    exchange = ended(endpoint=None)
    exchange.response = ResponseHead(200, [(b"cache-status", b"porch; fwd=uri-miss; stored")], 0)
    take(exchange)
    (line,) = said
    assert line.endswith(": cache porch; fwd=uri-miss; stored; 200")


def test_neither_secrets_nor_codes_that_move_a_cursor_are_said(said: list[str]) -> None:
    take(ended(b"/x?token=abc123&y=\x1b[2J", method=b"G\x1b"))
    assert "abc123" not in said[0]
    assert "\x1b" not in said[0]


def test_nothing_is_said_when_it_is_over() -> None:
    take(ended())
    steps = Steps()
    steps.flush()
    steps.close()
    assert not debug.is_on
