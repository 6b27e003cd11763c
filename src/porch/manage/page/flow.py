"""Flow: from what was counted in some seconds, how many requests went where, and how they fared.

Of ten thousand pairs of route and endpoint only sums are made, column by column; what a row tells
besides is taken apart for those alone that are told.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import nlargest
from operator import add
from typing import Any

from porch.manage.page.drawing import Plan
from porch.observe.meter import BYTES_OUT, REQUESTS, TOTAL, WIDTH
from porch.observe.rates import quantile
from porch.observe.series import GONE
from porch.observe.totals import Layout, Totals

__all__ = ["FAILING", "MOST", "Flow", "Row", "Where", "told"]

MOST, FAILING = 200, 50
"""Rows of routes, of endpoints and of edges: so many of the busiest, and of the others so many that
fail."""
_SIZE = WIDTH * 8

Row = list[Any]
"""[which, requests a second, failed a second, p50, p99, bytes a second]; which: its place in the
plan, or its name where it has none; times in seconds, None of nothing."""
_Edge = tuple[int, int]
"""Places of a route and of an endpoint."""


class Where:
    """Where the pairs of a layout are in a plan.

    start, end: their bytes. keys: of each pair that of its route. edges: of each its edge, None of
    what is not in the plan, as what the door answers. hidden: pairs that are no flow: what was
    counted under names that are given back only moves.
    """

    __slots__ = ("edges", "end", "hidden", "keys", "layout", "places", "start")

    def __init__(self, layout: Layout | None = None, plan: Plan | None = None) -> None:
        self.layout = layout = layout or Layout({})
        first, end = layout.range(REQUESTS)
        self.start, self.end = layout.starts[first] * 8, layout.starts[end] * 8
        names = layout.names[first:end]
        self.places = {} if plan is None else {key: at for at, key in enumerate(plan.routes)}
        self.keys = [name[1] for name in names]
        self.hidden = [at for at, name in enumerate(names) if name[2] == GONE]
        self.edges: list[_Edge | None] = [None] * len(names)
        if plan is not None:
            endpoints = {name: at for at, name in enumerate(plan.endpoints)}
            self.edges = [self._edge(plan, endpoints, name[1], name[2]) for name in names]

    def __repr__(self) -> str:
        return f"<Where {len(self.keys)} pairs>"

    def _edge(
        self, plan: Plan, endpoints: Mapping[tuple[str, str], int], key: str, address: str
    ) -> _Edge | None:
        for pool in plan.routes[key][2] if key in plan.routes else ():
            at = endpoints.get((pool, address))
            if at is not None:
                return self.places[key], at
        return None

    def whole(self, new: Totals) -> int:
        """The cells of all pairs, added up."""
        data = new.data[self.start : self.end]
        parts = [data[at : at + _SIZE] for at in range(0, len(data), _SIZE)]
        for at in self.hidden:
            parts[at] = b""
        return _sum(parts)


class Flow:
    """new: what was counted. asked: endpoints, by their places, that had any of it."""

    __slots__ = ("_busy", "_data", "_failing", "_requests", "_where", "asked")

    def __init__(self, where: Where, new: Totals) -> None:
        self._where = where
        self._data = new.data[where.start : where.end]
        cells = memoryview(self._data).cast("q")
        codes = [cells[digit::WIDTH].tolist() for digit in range(6)]
        self._requests = [*map(sum, zip(*codes, strict=True))]
        for at in where.hidden:
            self._requests[at] = 0
        self._busy = [at for at, count in enumerate(self._requests) if count]
        failed = [*map(add, codes[0], codes[5])]
        self._failing = {at for at in self._busy if failed[at]}
        self.asked = {edge[1] for at in self._busy if (edge := where.edges[at]) is not None}

    def __repr__(self) -> str:
        return f"<Flow of {len(self._busy)} pairs>"

    def routes(self, seconds: float) -> list[Row]:
        """The busiest first."""
        rows = self._told({at: self._where.keys[at] for at in self._busy}, seconds)
        return [[self._where.places.get(row[0], row[0]), *row[1:]] for row in rows]

    def endpoints(self, seconds: float) -> list[Row]:
        """The same."""
        edges = self._where.edges
        of = {at: edge[1] for at in self._busy if (edge := edges[at]) is not None}
        return self._told(of, seconds)

    def edges(self, seconds: float) -> list[Row]:
        """The same; which: _Edge."""
        edges = self._where.edges
        return self._told(
            {at: edge for at in self._busy if (edge := edges[at]) is not None}, seconds
        )

    def _told(self, of: Mapping[int, Any], seconds: float) -> list[Row]:
        """of: what a row is of, by pairs."""
        counts: dict[Any, int] = {}
        for at, which in of.items():
            counts[which] = counts.get(which, 0) + self._requests[at]
        chosen = nlargest(MOST, counts, key=counts.__getitem__)
        if len(counts) > MOST:
            failing = {of[at] for at in self._failing if at in of}.difference(chosen)
            others = [which for which in counts if which in failing]
            chosen += nlargest(FAILING, others, key=counts.__getitem__)
        return [
            told(which, _sum(parts), seconds) for which, parts in self._parts(of, chosen).items()
        ]

    def _parts(self, of: Mapping[int, Any], chosen: Collection[Any]) -> dict[Any, list[bytes]]:
        """The cells of their pairs."""
        parts: dict[Any, list[bytes]] = {which: [] for which in chosen}
        data = self._data
        for at, which in of.items():
            if which in parts:
                parts[which].append(data[at * _SIZE : (at + 1) * _SIZE])
        return parts


def _sum(parts: Iterable[bytes]) -> int:
    return sum([int.from_bytes(each, "little") for each in parts])


def told(which: object, number: int, seconds: float) -> Row:
    """number: all cells of it."""
    cells: Sequence[int] = memoryview(number.to_bytes(_SIZE, "little")).cast("q")
    return [
        which,
        round(sum(cells[:6]) / seconds, 2),
        round((cells[0] + cells[5]) / seconds, 2),
        quantile(cells, TOTAL, 0.5),
        quantile(cells, TOTAL, 0.99),
        round(cells[BYTES_OUT] / seconds),
    ]
