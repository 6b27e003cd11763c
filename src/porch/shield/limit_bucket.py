"""Bucket: evenly so many in any so long, and so many at once (GCRA).

Who comes moves the account of its key (limit_account.py) on by the time that one is worth; there is
room as long as it lies no more than `burst` of these ahead. In any time t at most
burst + t / interval pass, and one more for each further worker. See
tests/shield/test_limit_bucket.py.
"""

from math import ulp

from porch.shield.limit_account import NANO, Account
from porch.shield.limit_table import MIDDLE, TAGS, LimitRow

__all__ = ["Bucket"]

_from_bytes = int.from_bytes


class Bucket(Account):
    """most: units in `seconds`. burst: how many at once, 1 at least. row, name: see Window."""

    __slots__ = ("_interval", "burst", "most", "seconds")

    def __init__(self, row: LimitRow, name: str, most: int, seconds: float, burst: int) -> None:
        self.most = most
        self.seconds = seconds
        self.burst = burst
        self._interval = max(1, round(seconds * NANO / most))
        super().__init__(row, name, burst * self._interval)

    def __repr__(self) -> str:
        return f"<Bucket {self.most} in {self.seconds:g} s, {self.burst} at once>"

    def take(self, key: bytes, now: float, units: int = 1) -> int:
        """See Window."""
        tag = _from_bytes(key, "big") * self._secret >> MIDDLE & TAGS or 1
        slot = tag & self._places
        moment = int((now - self._began) * NANO)
        free = self._latest(slot, tag, moment)
        left = self._depth - (free - moment) - units * self._interval
        if left < 0:
            return -1
        if not units:
            return left // self._interval or -1
        self._move(slot, tag, moment, free, self._interval)
        return left // self._interval

    def charge(self, key: bytes, now: float, units: int) -> None:
        """See Window."""
        tag = _from_bytes(key, "big") * self._secret >> MIDDLE & TAGS or 1
        slot = tag & self._places
        moment = int((now - self._began) * NANO)
        if units < 0:
            own = self._own
            at = own.find(slot, tag)
            if at >= 0:
                own.heads[at + 1] = max(moment, own.heads[at + 1] + units * self._interval)
            return
        free = self._latest(slot, tag, moment)
        # A bound that no clock reaches: it stands for "not within any time that matters".
        self._move(slot, tag, moment, free, min(units * self._interval, 1 << 60))

    def wait(self, key: bytes, now: float) -> float:
        """See Window."""
        tag = _from_bytes(key, "big") * self._secret >> MIDDLE & TAGS or 1
        moment = int((now - self._began) * NANO)
        room = self._latest(tag & self._places, tag, moment) + self._interval - self._depth
        wait = max(0, room - moment) / NANO
        while int((now + wait - self._began) * NANO) < room:  # a sum of floats may fall short of it
            wait += ulp(now + wait)
        return wait
