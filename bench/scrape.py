"""What does a scrape of 1,000 routes with 10 endpoints each cost?

    .venv-bench/bin/python bench/scrape.py [--routes 1000] [--endpoints 10] [--workers 2]

Milliseconds of CPU of the process that serves /metrics, none of them a worker's: for the first
page, and for pages between which so many of all pairs of route and endpoint have counted something.
Each is the median of --repeats pages, and the least; in OpenMetrics with exemplars. Beside it the
parts of a page, and what the supervisor takes to say what it alone knows.
"""

from __future__ import annotations

import argparse
import gc
import os
import pickle
import statistics
import sys
import time
from collections.abc import Callable
from random import Random
from typing import Any, cast

from harness import machine

from porch.balance.endpoint import WIDTH, Endpoint
from porch.exchange import Exchange
from porch.http.message import RequestHead
from porch.manage.columns import CACHE, COLUMNS
from porch.manage.facts import Facts, WorkerFacts
from porch.manage.heap import LARGEST, keep_heap
from porch.manage.measures import Measures
from porch.manage.observer_pages import AHEAD
from porch.observe.ended import Batch
from porch.observe.exemplars import Exemplars
from porch.observe.exposition import OPEN_METRICS, PLAIN, Exposition
from porch.observe.meter import Meter
from porch.observe.recent import RecentTable
from porch.observe.series import SeriesTable
from porch.route.route import Route
from porch.shared import SharedTable

NOTHING = cast("Any", None)


class Counted:
    """What the workers have counted, of all pairs at first."""

    def __init__(self, routes: int, endpoints: int, workers: int) -> None:
        self.random = Random(7)
        self.series = SeriesTable(1 + workers)
        self.recent = RecentTable(1 + workers)
        self.table = SharedTable(1 + workers, COLUMNS)
        self.table.use(workers)
        rows = range(1, 1 + workers)
        self.observers = [
            (Meter(self.series.row(row)), self.recent.row(row, workers)) for row in rows
        ]
        self.pairs = [
            (Route(key=f"host{route}.example.com/api/*"), Endpoint(f"10.0.{each}.1:8000", NOTHING))
            for route in range(routes)
            for each in range(endpoints)
        ]
        self.measures = Measures(self.table)
        self.facts = Facts(
            version="1",
            since=0.0,
            loaded_at=0.0,
            trouble="",
            changes=0,
            refused=False,
            workers=[
                WorkerFacts(slot=row - 1, pid=os.getpid(), row=row, is_ready=True) for row in rows
            ],
            endpoints=[
                (route.key, endpoint.name, CACHE + 64 + WIDTH * place, True, "endpoint")
                for place, (route, endpoint) in enumerate(self.pairs)
            ],
            ends={},
        )
        self.count(len(self.pairs))

    def count(self, pairs: int) -> None:
        """Each worker has served one exchange of so many pairs."""
        for observers in self.observers:
            chosen = self.random.sample(self.pairs, pairs)
            for start in range(0, pairs, 64):
                batch = Batch([self._exchange(*each) for each in chosen[start : start + 64]])
                for observer in observers:
                    observer.take(batch)
            for observer in observers:
                observer.flush()

    def _exchange(self, route: Route, endpoint: Endpoint) -> Exchange:
        head = RequestHead(b"GET", b"/api/users?page=2", b"example.com", b"http", [])
        made = Exchange(NOTHING, NOTHING, head, route, b"192.0.2.7")
        made.id, made.status, made.endpoint, made.attempts = b"5f1c2a3e-1b", 200, endpoint, 1
        made.connected = made.started + 0.001
        made.first_byte = made.started + self.random.random() / 100
        made.ended = made.first_byte + self.random.random()
        return made

    def page(self, exposition: Exposition, kind: bytes) -> bytes:
        """As observer_pages.py makes it."""
        return exposition.page(self.series.totals(), self.measures.of(self.facts), kind)


def cpu_ms(act: Callable[[], object]) -> float:
    """Milliseconds of CPU."""
    began = time.process_time()
    act()
    return (time.process_time() - began) * 1000


def main() -> int:
    options = options_of(__doc__, 9)
    counted = Counted(options.routes, options.endpoints, options.workers)
    gc.collect()
    gc.freeze()  # it is another process that has counted all this
    print(f"{machine.date()}  {machine.machine()}  {machine.interpreter(sys.executable)}")
    print(f"{len(counted.pairs)} pairs, {options.workers} workers; ms of CPU a page\n")
    print(f"{'':32}{'plain':>8}{'least':>8}{'open':>10}{'least':>8}")
    keep_heap(kept=2 * LARGEST, large=LARGEST)  # as observing.py has it
    expositions = {kind: Exposition(Exemplars(counted.recent)) for kind in (PLAIN, OPEN_METRICS)}
    _show("a piece of preparing it", _prepared(counted, expositions))
    first = [[cpu_ms(lambda: counted.page(*each))] for each in _of(expositions)]  # noqa: B023
    _show("the first", first)
    for share in (0.0, 0.01, 0.1, 1.0):
        found: list[list[float]] = [[], []]
        for _ in range(options.repeats):
            counted.count(int(share * len(counted.pairs)))
            for place, each in enumerate(_of(expositions)):
                found[place].append(cpu_ms(lambda: counted.page(*each)))  # noqa: B023
        _show(f"{share:.0%} have counted since", found)
    page = counted.page(expositions[OPEN_METRICS], OPEN_METRICS)
    lines = page.count(b"\n")
    print(f"\n{len(page) / 1e6:.1f} MB, {lines} lines")
    parts = {
        "adding up all rows": lambda: counted.series.totals(),
        "endpoints, limits, workers": lambda: [
            family.said and family.said.lines(family.name, family.values)
            for family in counted.measures.of(counted.facts)
        ],
        "what the supervisor packs": lambda: pickle.dumps(counted.facts),
        "and the other unpacks": lambda: pickle.loads(pickle.dumps(counted.facts)),
    }
    for text, act in parts.items():
        _show(text, [[cpu_ms(act) for _ in range(options.repeats)]])
    return 0


def _prepared(counted: Counted, expositions: dict[bytes, Exposition]) -> list[list[float]]:
    """What is made before the first page is asked for, in pieces."""
    found = []
    for exposition, kind in _of(expositions):
        pieces: list[float] = []
        is_all: list[bool] = []
        while not any(is_all):
            pieces.append(
                cpu_ms(
                    lambda: is_all.append(  # noqa: B023
                        exposition.prepare(counted.series.totals(), kind, AHEAD)  # noqa: B023
                    )
                )
            )
        found.append(pieces)
        print(f"prepared in {len(pieces)} pieces, {max(pieces):.1f} the longest")
    return found


def _show(text: str, found: list[list[float]]) -> None:
    """A row: of each kind the median and the least."""
    numbers = [f"{statistics.median(each):8.1f}{min(each):8.1f}" for each in found]
    print(f"{text:32}{'  '.join(numbers)}")


def _of(expositions: dict[bytes, Exposition]) -> list[tuple[Exposition, bytes]]:
    return [(exposition, kind) for kind, exposition in expositions.items()]


def options_of(text: str | None, repeats: int) -> argparse.Namespace:
    """How large the door is, and how often it is measured. text: what for."""
    parser = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter, description=text
    )
    parser.add_argument("--routes", type=int, default=1000)
    parser.add_argument("--endpoints", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=repeats)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
