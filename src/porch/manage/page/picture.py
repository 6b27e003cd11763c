"""Picture: what the page shows of the last seconds: flow, failures and times, from shared counts.

Each look is kept for some seconds, and what is shown is what was counted since the oldest of them:
steady enough to read, and no request stands in it for longer. Of a thousand routes those are told
in whole that are busy or failing; of the others it is enough that they exist.
"""

from collections import deque
from collections.abc import Iterable
from typing import Any

from porch import clock
from porch.balance.endpoint import FAILED
from porch.manage.endpoint_sums import endpoint_sums
from porch.manage.naming import pool_word
from porch.manage.page.drawing import Plan
from porch.manage.page.flow import FAILING, MOST, Flow, Where, told
from porch.observe.exposition import ACCEPTED
from porch.observe.meter import ERRORS
from porch.observe.refusals import split
from porch.observe.series import SeriesTable
from porch.observe.totals import Totals
from porch.route.route import RUNNING
from porch.shared import SharedTable

__all__ = ["FAILING", "MOST", "WINDOW", "Picture", "told_plan"]

WINDOW = 5.0
"""Seconds that a picture is of, about."""


class Picture:
    """series, table: where the workers count."""

    def __init__(self, series: SeriesTable, table: SharedTable) -> None:
        self._series = series
        self._table = table
        self._looks: deque[tuple[float, Totals, int]] = deque()
        self._failed: deque[tuple[float, list[int]]] = deque()
        self._plan: Plan | None = None
        self._columns: list[int] = []
        self._where = Where()

    def draw(self, plan: Plan) -> None:
        """Places are those of this plan from now on."""
        self._plan = plan
        self._columns = [*plan.endpoints.values()]
        self._failed.clear()
        self._where = Where()

    def look(self) -> dict[str, Any]:
        """What was counted. 1,000 routes, each with a request in these seconds, are 5 ms; with 10
        endpoints each, all of them busy, 45 ms."""
        now = clock.monotonic()
        totals = self._series.totals()
        where = self._where
        if where.layout is not totals.layout:
            where = self._where = Where(totals.layout, self._plan)
        looks = self._looks
        while len(looks) > 1 and looks[1][0] <= now - WINDOW:
            looks.popleft()
        then, old, _ = looks[0] if looks else (now, totals, 0)
        last_at, last, _ = looks[-1] if looks else (now, totals, 0)
        seconds = max(now - then, 0.001)
        new = totals.since(old)
        latest = where.whole(new if last is old else totals.since(last))
        looks.append((now, totals, latest))
        whole = sum(each for _, _, each in [*looks][1:])
        return {
            "seconds": round(seconds, 2),
            "all": told("all", whole, seconds) if whole else None,
            "point": told("all", latest, now - last_at)[1:5] if now > last_at else None,
            **_reasons(new),
            "listeners": _accepted(new, seconds),
            **self._rows(Flow(where, new), seconds),
        }

    def _rows(self, flow: Flow, seconds: float) -> dict[str, Any]:
        running, failed = self._running(), self._failures(seconds)
        busy = flow.endpoints(seconds)
        idle = [
            [at, 0.0, failed.get(at, 0.0), None, None, 0, running.get(at, 0)]
            for at in sorted({*running, *failed} - flow.asked)
        ]
        return {
            "routes": flow.routes(seconds),
            "endpoints": [
                [*row[:2], failed.get(row[0], 0.0), *row[3:], running.get(row[0], 0)]
                for row in busy
            ]
            + idle[:MOST],
            "edges": [[*row[0], row[1], row[2], row[4]] for row in flow.edges(seconds)],
        }

    def _failures(self, seconds: float) -> dict[int, float]:
        """Attempts that failed, a second, by the place of an endpoint; without those of 0."""
        now, counts = clock.monotonic(), endpoint_sums(self._table, self._columns, FAILED)
        kept = self._failed
        while len(kept) > 1 and kept[1][0] <= now - WINDOW:
            kept.popleft()
        old = kept[0][1] if kept else counts
        kept.append((now, counts))
        return {
            at: round((new - then) / seconds, 2)
            for at, (new, then) in enumerate(zip(counts, old, strict=True))
            if new > then
        }

    def _running(self) -> dict[int, int]:
        """Attempts under way, by the place of an endpoint; without those of 0."""
        counts = endpoint_sums(self._table, self._columns, RUNNING)
        return {at: count for at, count in enumerate(counts) if count}


def _reasons(new: Totals) -> dict[str, dict[str, int]]:
    """Why requests failed, and why they were refused, the most usual first."""
    first, end = new.layout.range(ERRORS)
    found: dict[str, int] = {}
    for name in new.layout.names[first:end]:
        if count := new[name]:
            found[name[2]] = found.get(name[2], 0) + count
    failures, refused = split(dict(sorted(found.items(), key=lambda each: -each[1])[:MOST]))
    return {"reasons": failures, "refused": refused}


def _accepted(new: Totals, seconds: float) -> dict[str, float]:
    """Connections a second that were accepted, by listener. Which of them leads to which route is
    not counted: that would be a cell more for each request."""
    first, end = new.layout.range(ACCEPTED)
    found: dict[str, int] = {}
    for name in new.layout.names[first:end]:
        found[name[2]] = found.get(name[2], 0) + new[name]
    return {listener: round(count / seconds, 2) for listener, count in found.items() if count}


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
