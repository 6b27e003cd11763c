"""Pace: so many bytes a second of each key, with all workers together, one after the other."""

from collections.abc import Callable

from porch import clock
from porch.shield.limit_account import NANO, Account
from porch.shield.limit_table import MIDDLE, TAGS, LimitRow

__all__ = ["LEAST_STEP", "MOST_STEP", "STEP", "Pace"]

STEP = 0.02
"""Seconds for which is taken at once, and that nobody who was late for them loses."""
LEAST_STEP, MOST_STEP = 1024, 65536
"""Bytes that are taken at once."""


class Pace(Account):
    """rate: bytes a second. key: of whom an address stands for, each of whom has the rate for
    itself. row, name: see Window.

    What was not used is lost but for one step: nobody saves up for a burst. What a worker has
    reserved that is killed stands against the key until its time is over, and no longer.
    """

    __slots__ = ("_cost", "_key", "rate", "step")

    def __init__(
        self, row: LimitRow, name: str, rate: float, key: Callable[[bytes], bytes]
    ) -> None:
        super().__init__(row, name, NANO)
        self.rate = rate
        self.step = max(LEAST_STEP, min(MOST_STEP, int(rate * STEP)))
        self._cost = NANO / rate
        self._key = key

    def __repr__(self) -> str:
        return f"<Pace {self.rate:.0f} bytes/s>"

    def reserve(self, client_ip: bytes, size: int) -> float:
        """Seconds until so many bytes may leave. Who asks first is first, in whatever worker, so
        that all who share the rate have the same of it."""
        number = int.from_bytes(self._key(client_ip), "big")
        tag = number * self._secret >> MIDDLE & TAGS or 1
        slot = tag & self._places
        moment = int((clock.monotonic() - self._began) * NANO)
        free = self._latest(slot, tag, 0)
        free = max(free, moment - _STEP) if free else moment
        self._move(slot, tag, moment, free, int(size * self._cost))
        return max(0, free - moment) / NANO


_STEP = int(STEP * NANO)
