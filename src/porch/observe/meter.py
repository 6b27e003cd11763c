"""Meter: what ended exchanges add up to, by route and endpoint, in cells that all workers see.

Counts are kept in lists of the worker's own and written into its row of the table at a flush: a
cell in shared memory costs three times as much as one in a list, and an exchange has ten. A worker
that is killed takes with it what was not flushed, a few hundredths of a second.
"""

from array import array
from bisect import bisect_right
from collections.abc import MutableSequence

from porch.observe.ended import Batch
from porch.observe.series import Series
from porch.route.route import Place, Route

__all__ = [
    "ATTEMPTS",
    "AT_DOOR",
    "BOUNDS",
    "BUCKETS",
    "BYTES_IN",
    "BYTES_OUT",
    "CONNECT",
    "ERRORS",
    "FIRST_BYTE",
    "HISTOGRAM",
    "REQUESTS",
    "TOTAL",
    "WIDTH",
    "Meter",
]

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds, of the histograms; each bucket holds what took no longer."""
BUCKETS = len(BOUNDS) + 1
"""The last is of what took longer than all bounds."""
HISTOGRAM = 1 + BUCKETS
"""Cells of one: the sum in microseconds, and the buckets."""

REQUESTS, ERRORS = "requests", "errors"
"""Kinds of names: ("requests", route, endpoint) and ("errors", route, reason word)."""
BYTES_IN, BYTES_OUT, ATTEMPTS = 6, 7, 8
"""Cells of a name of REQUESTS; 0 to 5 are requests by the first digit of their status, 0 for those
that had no answer. ATTEMPTS: requests to endpoints beyond the first of each."""
TOTAL = 9
"""The sum of durations in microseconds, and behind it BUCKETS: of whole exchanges."""
FIRST_BYTE = TOTAL + HISTOGRAM
"""The same until the head of the answer, of those that an endpoint answered."""
CONNECT = FIRST_BYTE + HISTOGRAM
"""The same until there was a connection, of those that had to wait for a new one."""
WIDTH = CONNECT + HISTOGRAM

AT_DOOR = "-"
"""In place of an endpoint, of what was answered at the door."""


class Meter:
    """An observer (ended.py). series: the worker's row."""

    __slots__ = ("_changed", "_errors", "_known", "_places", "_series")

    def __init__(self, series: Series) -> None:
        self._series = series
        self._known: dict[tuple[str, str], _Counts] = {}
        self._places: dict[int, _Counts] = {}
        self._changed: set[_Counts] = set()
        self._errors: dict[tuple[str, str], int] = {}

    def __repr__(self) -> str:
        return f"<Meter {len(self._known)} series, {len(self._changed)} to write>"

    def take(self, batch: Batch) -> None:
        """Count them: 0.65 us each where they are many, 0.5 where they are of one endpoint."""
        route: Route | None = None
        endpoint: Place | None = None
        for exchange in batch.exchanges:
            if exchange.route is not route or exchange.endpoint is not endpoint:
                route, endpoint = exchange.route, exchange.endpoint
                key = route.key, AT_DOOR if endpoint is None else endpoint.name
                counts = self._known.get(key) or self._begin(key)
                self._changed.add(counts)
                cells = counts.cells
            cells[exchange.status // 100] += 1
            if exchange.bytes_in:
                cells[BYTES_IN] += exchange.bytes_in
            cells[BYTES_OUT] += exchange.bytes_out
            started = exchange.started
            counts.add_total(exchange.ended - started)
            if exchange.first_byte:
                counts.add_first(exchange.first_byte - started)
            if exchange.connected and not exchange.reused:
                counts.connect.append(exchange.connected - started)
            if exchange.attempts > 1:
                cells[ATTEMPTS] += exchange.attempts - 1
            if exchange.error is not None:
                error = exchange.route.key, exchange.error.word
                self._errors[error] = self._errors.get(error, 0) + 1

    def flush(self) -> None:
        """Show what was counted to all: 1 us a series that has changed."""
        for counts in self._changed:
            counts.write()
        self._changed.clear()
        for error, count in self._errors.items():
            self._series.of((ERRORS, *error), 1)[0] += count
        self._errors.clear()
        if self._series.renew():
            self._known.clear()
            self._places.clear()

    close = flush

    def _begin(self, key: tuple[str, str]) -> "_Counts":
        place = self._series.place((REQUESTS, *key), WIDTH)
        # More names than there is room for share one place, and so have to share their counts.
        counts = self._places.get(place)
        if counts is None:
            counts = self._places[place] = _Counts(self._series.of((REQUESTS, *key), WIDTH))
        self._known[key] = counts
        return counts


class _Counts:
    """Of one route and endpoint. cells: what has to be in the table, all but durations that wait
    for the next flush: to put many into buckets together costs 0.2 us less of an exchange. connect:
    such. add_total, add_first: another one."""

    __slots__ = ("_first", "_shared", "_total", "add_first", "add_total", "cells", "connect")

    def __init__(self, shared: MutableSequence[int]) -> None:
        self._shared = shared
        self._total: list[float] = []
        self._first: list[float] = []
        self.connect: list[float] = []
        self.add_total = self._total.append
        self.add_first = self._first.append
        self.cells = list(shared)

    def write(self) -> None:
        cells = self.cells
        _spread(self._total, cells, TOTAL)
        if self._first:
            _spread(self._first, cells, FIRST_BYTE)
        if self.connect:
            _spread(self.connect, cells, CONNECT)
        self._shared[:] = array("q", cells)


def _spread(durations: list[float], cells: list[int], start: int) -> None:
    """Count them in a histogram, and forget them."""
    cells[start] += int(sum(durations) * 1e6)
    durations.sort()
    before, count = 0, len(durations)
    for cell, bound in enumerate(BOUNDS, start + 1):
        place = bisect_right(durations, bound, before)
        if place > before:
            cells[cell] += place - before
            before = place
        if place == count:
            break
    else:
        cells[start + BUCKETS] += count - before
    durations.clear()
