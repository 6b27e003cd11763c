"""Lately: the slowest exchanges of the last minute, and the last that went wrong."""

from typing import Any

from porch import clock
from porch.observe.recent import Marks, RecentTable, Record
from porch.observe.stamp import iso

__all__ = ["FAILING", "LASTS", "MOST", "SLOWEST", "Lately"]

LASTS = 60.0
"""Seconds for which a slow one is shown."""
SLOWEST, FAILING = 12, 12
"""How many are shown."""
MOST = 400
"""Of each worker, what is read at a look: 1.6 ms. Of more that ended since, only the newest."""
_TEXT = 300
"""Characters of a host or target."""

Row = dict[str, Any]


class Lately:
    """recent: what the workers have written."""

    __slots__ = ("_failing", "_marks", "_recent", "_seen", "_slow")

    def __init__(self, recent: RecentTable) -> None:
        self._recent = recent
        self._marks: Marks | None = None
        self._seen: Marks = {}
        self._slow: list[Row] = []
        self._failing: list[Row] = []

    def look(self) -> None:
        """Take notice of what has ended since the last look; at the first, of what is there."""
        records, self._marks = self._recent.since(self._marks or {}, MOST)
        now = clock.wall()
        since = iso(int(now - LASTS)).decode()  # times of one form are in order as texts
        until = iso(int(now + LASTS)).decode()  # what is later was before the clock was set back
        slow = [each for each in self._slow if since <= each["time"] < until]
        slow += [
            _row(each)
            for each in records
            if each["status"] != 101 and since <= each["time"] < until
        ]
        self._slow = sorted(slow, key=lambda each: -each["ms"])[:SLOWEST]
        bad, self._seen = self._recent.bad_since(self._seen, FAILING)
        if bad:
            self._failing = [*self._failing, *map(_row, bad)][-FAILING:]

    @property
    def slowest(self) -> list[Row]:
        """The slowest first, without tunnels: they last as long as they are wanted."""
        return self._slow

    @property
    def failing(self) -> list[Row]:
        """The last first."""
        return self._failing[::-1]


def _row(record: Record) -> Row:
    """What a table shows of it; the rest is to be had by its id."""
    return {
        "id": record["id"],
        "time": record["time"],
        "client": record["client"],
        "method": record["method"],
        "host": record["host"][:_TEXT],
        "target": record["target"][:_TEXT],
        "route": record["route"],
        "endpoint": record["endpoint"],
        "status": record["status"],
        "attempts": record["attempts"],
        "ms": record["total_ms"],
        "reason": record["reason"],
    }
