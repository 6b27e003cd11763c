"""Of which exchanges a collector is told."""

from collections.abc import Sequence
from typing import Any, cast

from porch.errors import ClientGone, ConnectionLost, PorchError
from porch.exchange import Exchange
from porch.observe.ended import Batch
from porch.observe.span_queue import SpanQueue
from porch.observe.spans import Span
from porch.observe.traces import Traces
from porch.trace import Trace
from tests.support.ended import ended


class FakeQueue:
    def __init__(self) -> None:
        self.has_room = True
        self.taken: list[Span] = []
        self.lost = 0
        self.called: list[str] = []

    def put(self, spans: Sequence[Span]) -> None:
        self.taken += spans

    def lose(self, spans: int) -> None:
        self.lost += spans

    def __getattr__(self, name: str) -> Any:
        return lambda: self.called.append(name)


def exchange(*, sampled: bool, took: float = 0.01, **words: Any) -> Exchange:
    made = ended(**words)
    made.trace = Trace(7, sampled=sampled)
    made.ended = made.started + took
    made.attempts = 1
    return made


def told(*exchanges: Exchange) -> int:
    queue = FakeQueue()
    Traces("c", cast("SpanQueue", queue), 1.0).take(Batch(exchanges))
    return sum(each.kind == "server" for each in queue.taken)


def test_what_is_recorded_is_told_and_what_is_not_is_not() -> None:
    assert told(exchange(sampled=True)) == 1
    assert told(exchange(sampled=False), exchange(sampled=True), exchange(sampled=False)) == 1


def test_what_is_slow_or_went_wrong_is_told_all_the_same() -> None:
    lost: PorchError = ConnectionLost("gone")
    assert told(exchange(sampled=False, took=1.0)) == 1
    assert told(exchange(sampled=False, took=0.99)) == 0
    assert told(exchange(sampled=False, status=502, error=lost)) == 1
    assert told(exchange(sampled=False, status=500)) == 1


def test_what_a_client_does_wrong_is_not() -> None:
    assert told(exchange(sampled=False, status=0, error=ClientGone("left"))) == 0
    assert told(exchange(sampled=False, status=503, endpoint=None)) == 0
    assert told(exchange(sampled=False, status=404)) == 0


def test_what_never_had_a_trace_is_not() -> None:
    assert told(ended(status=500)) == 0


def test_what_there_is_no_room_for_is_counted_and_not_made() -> None:
    queue = FakeQueue()
    queue.has_room = False
    Traces("c", cast("SpanQueue", queue), 1.0).take(Batch([exchange(sampled=True)] * 3))
    assert (queue.taken, queue.lost) == ([], 6)


def test_a_flush_tells_and_the_end_is_the_queues() -> None:
    queue = FakeQueue()
    traces = Traces("c", cast("SpanQueue", queue), 1.0)
    traces.flush()
    traces.close()
    traces.wait()
    assert queue.called == ["tell", "close", "wait"]
