"""Sessions that a logout has ended: known to all workers, over reloads, until they would have been
over by themselves.

A session stands in a browser's cookie alone, so that whoever has a copy would have it still. In the
memory of limits (limit_table.py), which is of a fixed size: somebody has to log in for each that
is ended, and those that would be over first are forgotten first.
"""

from porch import clock
from porch.shield.limit_bucket import Bucket
from porch.shield.limit_table import LimitRow, LimitTable

__all__ = ["Ended"]

_ALONE = 1024
"""Sessions, of a door that has no workers."""


class Ended:
    """A bucket of one in a second: what is charged for so many seconds leaves no room so long."""

    __slots__ = ("_bucket", "_row")

    def __init__(self) -> None:
        self._row: LimitRow | None = None
        self._bucket: Bucket | None = None

    def count_in(self, row: LimitRow) -> None:
        """Where this worker writes, and sees what others have."""
        if row is not self._row:
            self._row = row
            self._bucket = Bucket(row, "auth: ended sessions", 1, 1.0, 1)

    def add(self, session: bytes, seconds: float) -> None:
        """It has ended. seconds: until it is over anyway."""
        if self._bucket is None:
            self.count_in(LimitTable(2, _ALONE).row(1))
        assert self._bucket is not None
        self._bucket.charge(session, clock.now, int(seconds) + 1)

    def has(self, session: bytes) -> bool:
        """Whether it has."""
        bucket = self._bucket
        return bucket is not None and bucket.take(session, clock.now, 0) < 0
