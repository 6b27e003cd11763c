"""Picture: what the page shows of the last seconds: flow, failures and times, from shared counts.

Each look is kept for some seconds, and what is shown is what was counted since the oldest of them:
steady enough to read, and no request stands in it for longer. Of a thousand routes those are told
in whole that are busy or failing; of the others it is enough that they exist.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from porch import clock
from porch.balance.endpoint import WIDTH as ENDPOINT_WIDTH
from porch.balance.standing import EndpointName
from porch.manage.naming import pool_word
from porch.manage.page.drawing import Plan
from porch.observe.meter import BYTES_OUT, ERRORS, REQUESTS, TOTAL, WIDTH
from porch.observe.rates import quantile
from porch.observe.series import GONE, Name, SeriesTable, Totals, cells_of
from porch.route.route import RUNNING
from porch.shared import SharedTable

__all__ = ["FAILING", "MOST", "WINDOW", "Picture", "in_flight", "told_plan"]

WINDOW = 5.0
"""Seconds that a picture is of, about."""
MOST, FAILING = 200, 50
"""Rows of routes, of endpoints and of edges: so many of the busiest, and of the others so many that
fail."""
_SIZE = WIDTH * 8

Row = list[Any]
"""[which, requests a second, failed a second, p50, p99, bytes a second]; which: its place in the
plan, or its name where it has none; times in seconds, None of nothing."""


class Picture:
    """series, table: where the workers count."""

    def __init__(self, series: SeriesTable, table: SharedTable) -> None:
        self._series = series
        self._table = table
        self._looks: deque[tuple[float, Totals]] = deque()
        self._last: tuple[float, Totals] | None = None
        self._places = _Places()

    def draw(self, plan: Plan) -> None:
        """Places are those of this plan from now on."""
        self._places = _Places(plan)

    def look(self) -> dict[str, Any]:
        """What was counted. 1,000 routes, each with a request in these seconds, are 9 ms; with 10
        endpoints each, all of them busy, 100 ms."""
        now = clock.monotonic()
        totals = self._series.totals()
        looks = self._looks
        while len(looks) > 1 and looks[1][0] <= now - WINDOW:
            looks.popleft()
        then, old = looks[0] if looks else (now, totals)
        looks.append((now, totals))
        seconds = max(now - then, 0.001)
        routes: dict[str, int] = {}
        edges: dict[tuple[str, str], int] = {}
        reasons: dict[str, int] = {}
        for name, new in _grown(totals, old):
            if name[0] == REQUESTS:
                routes[name[1]] = routes.get(name[1], 0) + new
                edges[name[1], name[2]] = new
            elif name[0] == ERRORS:
                reasons[name[2]] = reasons.get(name[2], 0) + new
        return {
            "seconds": round(seconds, 2),
            "all": _row("all", sum(routes.values()), seconds) if routes else None,
            "point": self._point(now, totals),
            "reasons": dict(sorted(reasons.items(), key=lambda each: -each[1])[:MOST]),
            **self._rows(routes, edges, seconds),
        }

    def _point(self, now: float, totals: Totals) -> Row | None:
        """Of all since the last look alone: [requests a second, failed, p50, p99]."""
        last, self._last = self._last, (now, totals)
        if last is None or now <= last[0]:
            return None
        new = sum(new for name, new in _grown(totals, last[1]) if name[0] == REQUESTS)
        return _row("all", new, now - last[0])[1:5]

    def _rows(
        self,
        routes: Mapping[str, int],
        edges: Mapping[tuple[str, str], int],
        seconds: float,
    ) -> dict[str, Any]:
        places = self._places
        endpoints: dict[int, int] = {}
        lines: dict[tuple[int, int], int] = {}
        for key, new in edges.items():
            found = places.edge(key)
            if found is not None:
                lines[found] = new
                endpoints[found[1]] = endpoints.get(found[1], 0) + new
        running = self._running()
        idle = [[at, 0.0, 0.0, None, None, 0, running[at]] for at in running if at not in endpoints]
        busy = _told(endpoints, seconds)
        return {
            "routes": [[places.route(row[0]), *row[1:]] for row in _told(routes, seconds)],
            "endpoints": [[*row, running.get(row[0], 0)] for row in busy] + idle[:MOST],
            "edges": [[*row[0], row[1], row[2], row[4]] for row in _told(lines, seconds)],
        }

    def _running(self) -> dict[int, int]:
        """Attempts under way, by the place of an endpoint; without those of 0."""
        counts = in_flight(self._table, self._places.columns)
        return {at: count for at, count in enumerate(counts) if count}


def _grown(totals: Totals, before: Totals) -> Iterator[tuple[Name, int]]:
    """What was counted since. What was counted under names that are given back only moves."""
    for name, total in totals.items():
        old = before.get(name, 0)
        if total > old and name[-1] != GONE:
            yield name, total - old


class _Places:
    """Where what is in a plan."""

    def __init__(self, plan: Plan | None = None) -> None:
        routes = plan.routes if plan is not None else {}
        names: Mapping[EndpointName, int] = plan.endpoints if plan is not None else {}
        self.columns = [*names.values()]
        self._routes = {key: at for at, key in enumerate(routes)}
        self._endpoints = {name: at for at, name in enumerate(names)}
        self._pools = {key: pools for key, (_, _, pools) in routes.items()}
        self._edges: dict[tuple[str, str], tuple[int, int] | None] = {}

    def route(self, key: str) -> int | str:
        return self._routes.get(key, key)

    def edge(self, key: tuple[str, str]) -> tuple[int, int] | None:
        """Of a route and an address; None of what is not in the plan, as what the door answers."""
        if key not in self._edges:
            self._edges[key] = self._find(*key)
        return self._edges[key]

    def _find(self, key: str, address: str) -> tuple[int, int] | None:
        for pool in self._pools.get(key, ()):
            at = self._endpoints.get((pool, address))
            if at is not None:
                return self._routes[key], at
        return None


def _told(counts: Mapping[Any, int], seconds: float) -> list[Row]:
    """The busiest first."""
    cells = {which: cells_of(new, _SIZE) for which, new in counts.items()}
    ordered = sorted(cells, key=lambda which: -sum(cells[which][:6]))
    failing = [each for each in ordered[MOST:] if cells[each][0] or cells[each][5]]
    chosen = ordered[:MOST] + failing[:FAILING]
    return [_of_cells(each, cells[each], seconds) for each in chosen]


def _row(which: object, new: int, seconds: float) -> Row:
    return _of_cells(which, cells_of(new, _SIZE), seconds)


def _of_cells(which: object, cells: Sequence[int], seconds: float) -> Row:
    return [
        which,
        round(sum(cells[:6]) / seconds, 2),
        round((cells[0] + cells[5]) / seconds, 2),
        quantile(cells, TOTAL, 0.5),
        quantile(cells, TOTAL, 0.99),
        round(cells[BYTES_OUT] / seconds),
    ]


def in_flight(table: SharedTable, columns: Sequence[int]) -> list[int]:
    """Attempts under way, of endpoints that are counted from these columns on. All at once, for
    one by one they are ten times as much."""
    if not columns:
        return []
    first, last = min(columns), max(columns)
    rows = [
        table.rows[row][first + RUNNING : last + RUNNING + 1 : ENDPOINT_WIDTH]
        for row in range(table.live[0])
    ]
    counts = [*map(sum, zip(*rows, strict=True))]
    return [counts[(column - first) // ENDPOINT_WIDTH] for column in columns]


def told_plan(plan: Plan) -> dict[str, Any]:
    """For the page: places in lists in place of names. Pools are named as an operator does."""
    pools = {pool: at for at, pool in enumerate(dict.fromkeys(_pools(plan)))}
    return {
        "listeners": plan.listeners,
        "routes": [
            [key, where, to, [pools[each] for each in names]]
            for key, (where, to, names) in plan.routes.items()
        ],
        "pools": [pool_word(each) for each in pools],
        "endpoints": [[pools[pool], address] for pool, address in plan.endpoints],
        "has_cache": plan.has_cache,
    }


def _pools(plan: Plan) -> Iterable[str]:
    for _, _, names in plan.routes.values():
        yield from names
    for pool, _ in plan.endpoints:
        yield pool
