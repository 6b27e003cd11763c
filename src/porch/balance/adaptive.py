"""Adaptive: how many requests at once are good for a pool, found out by how long they take.

The gradient of Netflix's concurrency-limits: while answers take about as long as with little under
way, a few more are let in; when they take longer they stand in a queue somewhere, and fewer are.
Errors of the pool count as answers that took too long.
"""

from typing import TYPE_CHECKING

from porch import clock

if TYPE_CHECKING:
    from porch.exchange import Exchange

__all__ = ["Adaptive"]

FIRST, LEAST, MOST = 20.0, 4.0, 1000.0
"""Requests at once of one worker: at first, and bounds."""
WINDOW = 50
"""Answers that are looked at together."""
TOLERANCE = 1.5
"""How many times as long as the best an answer may take."""
FORGET = 60.0
"""Seconds after which the best is found out anew: the pool may have become slower for good."""
GAIN = 0.2
"""Of a new finding, against what was found before."""


class Adaptive:
    """limit: requests at once, now."""

    __slots__ = ("_best", "_best_at", "_count", "_peak", "_total", "limit")

    def __init__(self) -> None:
        self.limit = FIRST
        self._best = 0.0
        self._best_at = clock.monotonic()
        self._count = self._peak = 0
        self._total = 0.0

    def __repr__(self) -> str:
        return f"<Adaptive {self.limit:.0f} at once, best {self._best * 1000:.1f} ms>"

    def note(self, exchange: "Exchange", running: int) -> None:
        """An exchange is over. running: how many were under way with it."""
        if exchange.error is not None and exchange.error.source != "upstream":
            return  # the client left, or the door was at fault: it tells nothing of the pool
        took = exchange.first_byte - exchange.connected
        if exchange.error is not None or exchange.status >= 502 or took <= 0:
            took = max(2 * TOLERANCE * self._best, took)
        self._count += 1
        self._total += took
        self._peak = max(self._peak, running)
        if self._count >= WINDOW:
            self._adapt(self._total / self._count)
            self._count = self._peak = 0
            self._total = 0.0

    def _adapt(self, mean: float) -> None:
        now = clock.monotonic()
        if not self._best or mean < self._best or now - self._best_at > FORGET:
            self._best, self._best_at = mean, now
        gradient = max(0.5, min(1.0, TOLERANCE * self._best / mean)) if mean else 1.0
        wanted = self.limit * gradient
        if gradient == 1.0:
            if self._peak < self.limit / 2:
                return  # that many were not tried: it tells nothing of more
            wanted += self.limit**0.5
        self.limit = min(MOST, max(LEAST, self.limit + GAIN * (wanted - self.limit)))
