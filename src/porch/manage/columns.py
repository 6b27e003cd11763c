"""Columns: where in the shared table each endpoint is counted.

The supervisor gives them out by the endpoint's name, so that all workers count at the same place
and a reload leaves every count where it is.
"""

import pickle
from collections.abc import Iterable, Mapping, MutableSequence
from itertools import islice
from typing import TYPE_CHECKING

from porch.balance.endpoint import FAILED, WIDTH
from porch.balance.standing import EndpointName
from porch.cache.counts import WIDTH as CACHE_WIDTH
from porch.config.state import MakeCells, State
from porch.config.steps import Steps
from porch.listen.crowd_gate import ARRIVALS
from porch.listen.crowd_gate import CONNECTIONS as CONNECTIONS_WORD
from porch.listen.crowd_shed import SHED
from porch.listen.door import Door
from porch.listen.rates import SLOW
from porch.route.route import REQUESTS
from porch.shared import Cells, SharedTable
from porch.shield.busy_level import KINDS

if TYPE_CHECKING:
    from porch.listen.door import Door

__all__ = [
    "CACHE",
    "COLUMNS",
    "CONNECTIONS",
    "CUT",
    "CUTS",
    "DEADLINES",
    "ENDPOINTS",
    "HEARTBEAT",
    "REQUESTS_HERE",
    "RUNNING_HERE",
    "TASKS",
    "TURNED_AWAY",
    "Columns",
    "cache_cells",
    "cells_by",
    "count",
    "pack",
    "rows_for",
    "unpack",
]

HEARTBEAT, CONNECTIONS, REQUESTS_HERE, RUNNING_HERE, DEADLINES, TASKS = range(6)
"""Of each worker: looks at the clock so far, open clients, requests so far, requests in it now,
what waits for a time, asyncio's tasks. Written at each tick."""
CUT = 6
CUTS = (
    "client_flood",
    "http_request_error",
    "proxy_header_error",
    CONNECTIONS_WORD,
    ARRIVALS,
    SHED,
    SLOW,
)
"""Where connections cut so far are counted, by these reason words, in order; written at each
tick."""
TURNED_AWAY = CUT + len(CUTS)
"""The first of the requests that were refused by a busy worker, by importance; written at each
tick."""
CACHE = 16
"""The first of those of the cache, see cache/counts.py."""
_FIRST = CACHE + CACHE_WIDTH
ENDPOINTS = 1 << 16
COLUMNS = _FIRST + WIDTH * ENDPOINTS
"""Of the table: 1.5 MB a row, of which only what is written takes memory."""
_ROWS = 64
"""Of the table, at least."""
_PORTION = 50
"""Names in a piece: 50 us to read."""


def rows_for(workers: int) -> int:
    """Of a table for so many workers: as many may be finishing, twice over, and row 0."""
    return max(_ROWS, 1 + 4 * workers)


def count(row: MutableSequence[int], door: "Door", state: State, tasks: int) -> None:
    """One more look at the clock, in a worker's own row."""
    row[HEARTBEAT] += 1
    row[CONNECTIONS] = len(door.sessions)
    row[REQUESTS_HERE], row[RUNNING_HERE] = door.requests, door.running
    row[DEADLINES], row[TASKS] = len(state.deadlines), tasks
    for at, many in enumerate(state.turned_away, TURNED_AWAY):
        row[at] = many
    for at, word in enumerate(CUTS, CUT):
        row[at] = door.cuts[word]


class Columns:
    """of: endpoint to the first of its WIDTH columns in `table`."""

    def __init__(self, table: SharedTable, endpoints: int = ENDPOINTS) -> None:
        self._past = table.rows[0]
        self.of: dict[EndpointName, int] = {}
        self._never_used = iter(range(_FIRST, _FIRST + WIDTH * endpoints, WIDTH))
        self._free: list[int] = []

    @property
    def words(self) -> list[tuple[str, str, int]]:
        """`of`, for another process that has the table."""
        return [(*name, column) for name, column in self.of.items()]

    def take_over(self, words: Iterable[tuple[str, str, int]]) -> None:
        """Go on with what `words` were when the older version had the table."""
        self.of = {(pool, address): column for pool, address, column in words}
        used = set(self.of.values())
        end = max(used, default=_FIRST - WIDTH) + WIDTH
        self._free = [column for column in range(_FIRST, end, WIDTH) if column not in used]
        self._never_used = iter(range(end, COLUMNS, WIDTH))

    def assign(self, names: Iterable[EndpointName]) -> dict[EndpointName, int]:
        """Columns for what a configuration asks for: those it has already, and new ones.

        A name without one (more than ENDPOINTS) is counted by each worker for itself.
        """
        given = {}
        for name in names:
            column = self.of.get(name)
            if column is None:
                column = self._free.pop() if self._free else next(self._never_used, None)
                if column is None:
                    continue
                self.of[name] = column
            given[name] = column
        return given

    def keep(self, names: Iterable[EndpointName]) -> None:
        """Nothing writes the others any more: they may become another's."""
        gone = dict(self.of)
        for name in names:  # one by one: this may be interrupted (errand.py), a set of all may not
            gone.pop(name, None)
        for name in gone:
            column = self.of.pop(name)
            for each in range(column, column + WIDTH):
                self._past[each] = 0
            self._free.append(column)

    @property
    def counters(self) -> list[int]:
        """Columns that only ever grow."""
        growing = (REQUESTS, FAILED)
        cache = range(CACHE, CACHE + CACHE_WIDTH)
        return [
            REQUESTS_HERE,
            *range(CUT, TURNED_AWAY + KINDS),
            *cache,
            *(column + each for column in self.of.values() for each in growing),
        ]


def cells_by(table: SharedTable, row: int, columns: Mapping[EndpointName, int]) -> MakeCells:
    """What a worker's State makes cells with."""

    def make(name: EndpointName) -> Cells:
        column = columns.get(name)
        return Cells(WIDTH) if column is None else Cells(WIDTH, table, row, column)

    return make


def cache_cells(table: SharedTable, row: int) -> Cells:
    """What a worker's cache counts with."""
    return Cells(CACHE_WIDTH, table, row, CACHE)


def pack(columns: Mapping[EndpointName, int]) -> list[bytes]:
    """As pieces for a worker that serves (see config/handover.py)."""
    names = iter(columns.items())
    pieces = []
    while portion := [*islice(names, _PORTION)]:
        pieces.append(pickle.dumps(portion, pickle.HIGHEST_PROTOCOL))
    return pieces


def unpack(pieces: Iterable[bytes]) -> Steps[dict[EndpointName, int]]:
    """The columns again, a piece a step."""
    columns: dict[EndpointName, int] = {}
    for piece in pieces:
        columns.update(pickle.loads(piece))
        yield
    return columns
