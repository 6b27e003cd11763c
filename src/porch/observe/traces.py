"""Traces: an observer (ended.py) that tells a collector of exchanges.

Of those whose trace is recorded, as was decided at their start (tracing.py), and of those that went
wrong or were slow whatever was decided.
"""

from porch import clock
from porch.exchange import Exchange
from porch.observe.ended import Batch
from porch.observe.recent import is_ours
from porch.observe.span_queue import SpanQueue
from porch.observe.spans import spans_of

__all__ = ["Traces"]


class Traces:
    """name: of the collector. slower: seconds from which on an exchange is told of whatever was
    decided."""

    __slots__ = ("_queue", "_slower", "name")

    def __init__(self, name: str, queue: SpanQueue, slower: float) -> None:
        self.name = name
        self._queue = queue
        self._slower = slower

    def __repr__(self) -> str:
        return f"<Traces {self._queue!r}>"

    @property
    def lost(self) -> int:
        """Spans that never arrived."""
        return self._queue.lost

    def take(self, batch: Batch) -> None:
        """Have them told. What there is no room for is not even made: 0.1 us, beside 10."""
        queue, slower = self._queue, self._slower
        offset = int((clock.wall() - clock.monotonic()) * 1e9)
        for exchange in batch.exchanges:
            trace = exchange.trace
            if trace is None:
                continue
            if trace.sampled or exchange.ended - exchange.started >= slower or _failed(exchange):
                if queue.has_room:
                    queue.put(spans_of(exchange, trace, offset))
                else:
                    queue.lose(1 + exchange.attempts)

    def flush(self) -> None:
        """What was taken is on its way; the operator hears of what is not."""
        self._queue.tell()

    def close(self) -> None:
        """See SpanQueue; and `wait`."""
        self._queue.close()

    def wait(self) -> None:
        """See SpanQueue."""
        self._queue.wait()


def _failed(exchange: Exchange) -> bool:
    return (exchange.error is not None or exchange.status >= 500) and is_ours(exchange)
