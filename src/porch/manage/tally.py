"""Tally: what a worker counts of itself, beside the exchanges that it has served."""

import asyncio
from bisect import bisect_left
from collections.abc import MutableSequence

from porch.config.state import State
from porch.listen.door import Door
from porch.listen.handshake_ends import WORDS
from porch.manage.columns import count
from porch.observe.exposition import ACCEPTED, HANDSHAKES, HANDSHAKES_FAILED, LAG
from porch.observe.meter import BOUNDS, HISTOGRAM
from porch.observe.series import Series

__all__ = ["Tally"]


class Tally:
    """row, series: where the worker counts. slot: by which it is named, so that it is the same
    for who takes its place."""

    def __init__(self, row: MutableSequence[int], series: Series, slot: int) -> None:
        self._row = row
        self._series = series
        self._slot = str(slot)
        self._lag = LAG, self._slot
        self._seen: dict[str, int] = {}
        series.of(self._lag, HISTOGRAM)
        for word in WORDS:  # a rate needs to see it before the first one
            series.of((HANDSHAKES_FAILED, word), 1)

    def count(self, door: Door, state: State, late: float) -> int:
        """One more look at the clock, so many seconds after it was due. Returns how many tasks
        there are."""
        tasks = len(asyncio.all_tasks())
        count(self._row, door, state, tasks)
        of = self._series.of
        cells = of(self._lag, HISTOGRAM)
        cells[0] += int(late * 1e6)
        cells[1 + bisect_left(BOUNDS, late)] += 1
        if door.accepted != self._seen:
            for listener, number in door.accepted.items():
                new = number - self._seen.get(listener, 0)
                of((ACCEPTED, self._slot, listener), 1)[0] += new
            self._seen = dict(door.accepted)
        handshakes = door.handshakes
        if handshakes.done:
            for name, number in handshakes.done.items():
                of((HANDSHAKES, *name), 1)[0] += number
            handshakes.done.clear()
        if handshakes.failed:
            for word, number in handshakes.failed.items():
                of((HANDSHAKES_FAILED, word), 1)[0] += number
            handshakes.failed.clear()
        return tasks
