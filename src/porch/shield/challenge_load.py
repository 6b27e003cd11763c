"""Load: whether a worker has so much to do that it asks for work in return.

Measured as in compress/brake.py: the share of its time in which the thread runs, or waits for a
core that others have.
"""

from porch import clock

__all__ = ["BUSY", "CALM", "EASED", "LOOK", "Load"]

LOOK = 1.0
"""Seconds between two looks."""
BUSY = 0.85
"""The share from which on it is too much."""
EASED = 0.6
CALM = 60.0
"""Seconds that it has to be below EASED before nobody is asked any more: those who wait outside
come back at once."""


class Load:
    """is_high: at the last look."""

    __slots__ = ("_at", "_cpu", "_since", "is_high")

    def __init__(self) -> None:
        self._at = clock.now
        self._cpu = _used()
        self._since = 0.0
        self.is_high = False

    def look(self) -> bool:
        """Whether it is high now. Costs a comparison, and once a second 10 us."""
        now = clock.now
        passed = now - self._at
        if passed >= LOOK:
            cpu = _used()
            share = (cpu - self._cpu) / passed
            self._at, self._cpu = now, cpu
            if share > BUSY:
                self.is_high = True
            if share >= EASED:
                self._since = now
            elif self.is_high and now - self._since >= CALM:
                self.is_high = False
        return self.is_high


def _used() -> float:
    return clock.cpu() + clock.waited()
