"""Brake: who is busy codes less.

A worker that has no time left takes it from everybody who waits; a larger answer only takes longer
to send. First the effort falls to the least, and where the loop is late too, nothing is coded.
"""

from porch import clock
from porch.clock import TICK
from porch.compress.coder import FAST

__all__ = ["BUSY", "LATE", "LOOK", "Brake"]

LOOK = 1.0
"""Seconds between two looks; each changes one step at most, so that it does not flutter."""
BUSY = 0.9
"""The share of its time in which the worker's thread runs, or waits for a core that others have,
from which on it is busy; it has to fall to EASED again. Where a machine has more to do than it can,
no worker gets all of a core."""
EASED = 0.7
LATE = 0.05
"""Seconds that the loop may be late: the answers of a busy worker wait about as long as that."""


class Brake:
    """step: 0 as asked, 1 the least effort, 2 nothing. Costs a comparison an answer."""

    __slots__ = ("_at", "_cpu", "_late", "_seen", "step")

    def __init__(self) -> None:
        self._seen = self._at = clock.now
        self._cpu = _used()
        self._late = 0.0
        self.step = 0

    def effort(self, wanted: int) -> int | None:
        """The one that there is time for; None for not at all."""
        if clock.now != self._seen:
            self._look()
        step = self.step
        return wanted if not step else FAST if step == 1 else None

    def _look(self) -> None:
        """A tick has passed. It comes late where the loop does, if there was one for each."""
        now = clock.now
        self._late = max(self._late, now - self._seen - TICK)
        self._seen = now
        passed = now - self._at
        if passed < LOOK:
            return
        cpu = _used()
        share = (cpu - self._cpu) / passed
        if share > BUSY:
            if not self.step or self._late > LATE:
                self.step = min(self.step + 1, 2)
        elif share < EASED:
            self.step = max(self.step - 1, 0)
        self._at, self._cpu, self._late = now, cpu, 0.0


def _used() -> float:
    return clock.cpu() + clock.waited()
