"""What the words about bodies that wait cost while nothing has to wait, exactly.

Counted as in test_plain_exchange.py.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.budget.test_plain_exchange import Plain, calls_of
from tests.support.network import FakeClock, FakeLoop

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 40000\r\n\r\n"
PIECE = b"x" * 20_000


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLoop]:
    made = FakeLoop(FakeClock(monkeypatch))
    yield made
    made.close()


def door(loop: FakeLoop, **words: Any) -> Plain:
    return Plain(loop, {"example.com": {"to": "127.0.0.1:9", **words}})


def pieces(plain: Plain) -> None:
    """An answer that comes in three reads."""
    plain.loop.run(plain.ask)
    origin = plain.origins[-1]
    for each in (HEAD, PIECE, PIECE):
        plain.loop.run(lambda each=each: origin.feed(each))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("words", "more"),
    [
        ({"buffer_request": False, "buffer_response": False, "bandwidth": False}, 0),
        ({"buffer_request": True}, 3),
        ({"buffer_response": True}, 2),
        ({"bandwidth": "100MB/s"}, 16),
    ],
)
def test_a_small_answer(loop: FakeLoop, words: dict[str, Any], more: int) -> None:
    plain, with_words = door(loop), door(loop, **words)
    try:
        took = calls_of(with_words.exchange)
        assert len(took) == len(calls_of(plain.exchange)) + more, "\n".join(took)
    finally:
        plain.log.close()
        with_words.log.close()


def test_an_answer_in_three_reads_that_a_fast_client_takes(loop: FakeLoop) -> None:
    plain, ahead = door(loop), door(loop, buffer_response=True)
    try:
        for each in (plain, ahead):
            pieces(each)
        took = calls_of(lambda: pieces(ahead))
        assert len(took) == len(calls_of(lambda: pieces(plain))) + 9, "\n".join(took)
        loop.counts.clear()
        pieces(ahead)
        assert loop.counts == {"call_soon": 1}  # the end of the turn, for all requests in it
    finally:
        plain.log.close()
        ahead.log.close()
