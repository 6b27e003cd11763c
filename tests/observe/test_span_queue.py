"""Spans never hold up who makes them."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from porch.observe.span_queue import BATCH, CLOSE_PATIENCE, ROOM, SpanQueue
from porch.observe.spans import Span


def span(number: int = 0) -> Span:
    return Span("GET", "server", 1, number, 0, 0, 0, {})


class Fake:
    """A collector. gate: while it is not set, it does not answer."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.began = threading.Event()
        self.trouble = ""
        self.batches: list[list[int]] = []
        self.said: list[str] = []
        self.queue = SpanQueue("traces to it", lambda: self.send, self.said.append)

    def send(self, spans: Sequence[Span]) -> str:
        self.began.set()
        self.gate.wait(20)
        self.batches.append([each.span for each in spans])
        return self.trouble

    @property
    def received(self) -> list[int]:
        return [each for batch in self.batches for each in batch]

    def wait_until(self, true: Callable[[], object]) -> None:
        until = time.monotonic() + 10
        while not true():
            assert time.monotonic() < until, f"{self.queue!r} {self.said}"
            time.sleep(0.005)


@pytest.fixture
def fake() -> Iterator[Fake]:
    made = Fake()
    yield made
    made.gate.set()
    made.queue.close()
    made.queue.wait()


def test_all_arrive_in_their_order_in_batches(fake: Fake) -> None:
    for number in range(BATCH * 2 + 1):
        fake.queue.put([span(number)])
    fake.queue.close()
    fake.queue.wait()
    assert fake.received == [*range(BATCH * 2 + 1)]
    assert max(map(len, fake.batches)) == BATCH
    assert fake.said == []


def test_a_few_do_not_wait_for_others(fake: Fake) -> None:
    for number in range(3):
        fake.queue.put([span(number)])
        fake.wait_until(lambda number=number: number in fake.received)


def test_a_collector_that_hangs_costs_bounded_memory_and_is_told_of_once(fake: Fake) -> None:
    fake.gate.clear()
    fake.queue.put([span()] * BATCH)
    fake.wait_until(fake.began.is_set)
    for _ in range(ROOM // 64 + 10):
        fake.queue.put([span()] * 64)
        fake.queue.tell()
    assert not fake.queue.has_room
    assert fake.queue.lost == 640
    (said,) = fake.said
    assert "lower traces.ratio" in said
    fake.gate.set()
    fake.wait_until(lambda: len(fake.received) == BATCH + ROOM)
    fake.queue.tell()
    assert fake.said[1:] == ["traces to it: spans are taken again; 640 were lost"]


def test_what_is_refused_is_lost_and_the_reason_is_told(fake: Fake) -> None:
    fake.trouble = "401 Unauthorized"
    fake.queue.put([span()] * 3)
    fake.wait_until(lambda: fake.queue.lost == 3)
    fake.queue.tell()
    fake.queue.tell()
    assert len(fake.said) == 1
    assert fake.said[0].startswith("traces to it: 401 Unauthorized;")


def test_the_end_waits_for_a_collector_that_hangs_a_second_at_most(fake: Fake) -> None:
    fake.gate.clear()
    fake.queue.put([span()] * (BATCH + 5))
    fake.wait_until(fake.began.is_set)
    began = time.monotonic()
    fake.queue.close()
    assert time.monotonic() - began < CLOSE_PATIENCE / 2
    fake.queue.wait()
    assert time.monotonic() - began < CLOSE_PATIENCE * 3
    assert fake.said == [f"traces to it: {BATCH + 5} spans were lost"]


def test_what_comes_behind_the_end_is_lost(fake: Fake) -> None:
    fake.queue.close()
    fake.queue.put([span()])
    fake.queue.lose(2)
    fake.queue.wait()
    assert fake.queue.lost == 3
    assert fake.said == ["traces to it: 3 spans were lost"]


def test_a_sender_that_cannot_be_made_is_told_of(fake: Fake) -> None:
    def begin() -> Callable[[Sequence[Span]], str]:
        raise ImportError("no SDK")

    queue = SpanQueue("traces to it", begin, fake.said.append)
    queue.put([span()])
    fake.wait_until(lambda: queue.lost == 1)
    queue.tell()
    assert "ImportError: no SDK" in fake.said[0]
    queue.close()
    queue.wait()
