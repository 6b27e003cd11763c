"""Counters: what the shared table says beside routes and endpoints: workers, the cache, limits."""

from collections.abc import Iterable, Mapping
from typing import Any

from porch import clock
from porch.balance.endpoint import FAILED
from porch.cache.counts import totals
from porch.manage.columns import (
    CACHE,
    CONNECTIONS,
    CUT,
    CUTS,
    REQUESTS_HERE,
    RUNNING_HERE,
    TURNED_AWAY,
)
from porch.manage.page.drawing import Plan
from porch.manage.status import usage
from porch.route.route import REQUESTS
from porch.shared import SharedTable
from porch.shield.busy_level import KINDS

__all__ = ["Counters"]


class Counters:
    """table: where the workers count."""

    def __init__(self, table: SharedTable) -> None:
        self._table = table
        self._limits: Mapping[str, int] = {}
        self._has_cache = False
        self._cpu: dict[int, tuple[float, float]] = {}

    def draw(self, plan: Plan) -> None:
        """This plan is in force from now on."""
        self._limits = plan.limits
        self._has_cache = plan.has_cache

    def look(self, workers: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """What is counted since the door began. workers: what the supervisor knows of them."""
        total = self._table.total
        cut = {word: total(column) for column, word in enumerate(CUTS, CUT)}
        now = clock.monotonic()
        used = {each["pid"]: usage(each["pid"]) for each in workers}
        before, self._cpu = self._cpu, {pid: (now, cpu) for pid, (cpu, _) in used.items()}
        return {
            "cut": {word: count for word, count in cut.items() if count},
            "turned_away": sum(total(TURNED_AWAY + kind) for kind in range(KINDS)),
            "workers": [
                {
                    **each,
                    **self._counted(each["row"]),
                    "cpu": _share(before.get(each["pid"]), self._cpu[each["pid"]]),
                    "memory": used[each["pid"]][1],
                }
                for each in workers
            ],
            "cache": self._cache() if self._has_cache else None,
            "limits": [
                [name, total(column + FAILED), total(column + REQUESTS)]
                for name, column in self._limits.items()
            ],
        }

    def _counted(self, number: int) -> dict[str, int | None]:
        """By one worker. number: of its row, 0 where it counts in none of this table."""
        row = self._table.rows[number] if number else None
        cells = {"connections": CONNECTIONS, "running": RUNNING_HERE, "requests": REQUESTS_HERE}
        return {word: None if row is None else row[cell] for word, cell in cells.items()}

    def _cache(self) -> dict[str, Any]:
        found = totals(lambda cell: self._table.total(CACHE + cell))
        return {
            "requests": found.requests,
            "hits": found.hits,
            "stale": found.stale,
            "ratio": found.ratio,
            "byte_ratio": found.byte_ratio,
            "kept": found.kept,
            "forwarded": found.forwarded,
            "not_kept": found.not_kept,
        }


def _share(before: tuple[float, float] | None, now: tuple[float, float]) -> float | None:
    """Of a core; None at the first look."""
    if before is None or now[0] <= before[0]:
        return None
    return round((now[1] - before[1]) / (now[0] - before[0]), 3)
