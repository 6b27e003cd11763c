"""What a page of metrics costs, in Python calls: what has not changed takes none."""

import os
from typing import Any

import pytest

from porch.balance.endpoint import WIDTH, Endpoint
from porch.manage.columns import CACHE
from porch.manage.facts import Facts, WorkerFacts
from porch.manage.measures import Measures
from porch.observe.ended import Batch
from porch.observe.exemplars import Exemplars
from porch.observe.exposition import OPEN_METRICS, PLAIN, Exposition
from porch.observe.meter import Meter
from porch.observe.recent import RecentTable
from porch.observe.series import SeriesTable
from porch.shared import SharedTable
from tests.budget.test_plain_exchange import calls_of
from tests.support.ended import ended

FEW = 610
"""Calls of a page, however many routes and endpoints there are: workers, families, rows."""
EACH = 8
"""And of one whose pairs of route and endpoint have all counted something, for each of them."""


class Scraped:
    """A door with so many routes of ten endpoints each, and two workers."""

    def __init__(self, routes: int) -> None:
        self.series, self.recent = SeriesTable(3), RecentTable(3)
        self.meters = [Meter(self.series.row(row)) for row in (1, 2)]
        ends = [f"10.0.0.{each}:80" for each in range(10)]
        self.pairs = [(f"r{route}.test", end) for route in range(routes) for end in ends]
        self.table = SharedTable(3, CACHE + 64 + WIDTH * len(self.pairs))
        self.measures = Measures(self.table)
        self.facts = Facts(
            version="1",
            since=0.0,
            loaded_at=0.0,
            trouble="",
            changes=0,
            refused=False,
            workers=[WorkerFacts(slot=0, pid=os.getpid(), row=1, is_ready=True)],
            endpoints=[
                (route, endpoint, CACHE + 64 + WIDTH * place, True, "endpoint")
                for place, (route, endpoint) in enumerate(self.pairs)
            ],
            ends={},
        )
        self.exposition = Exposition(Exemplars(self.recent))
        self.count()

    def count(self, pairs: int = 10_000) -> None:
        nothing: Any = None
        for meter in self.meters:
            for route, endpoint in self.pairs[:pairs]:
                exchange = ended(route=route)
                exchange.endpoint = Endpoint(endpoint, nothing)
                meter.take(Batch([exchange]))
            meter.flush()

    def calls(self, kind: bytes) -> int:
        def scrape() -> None:
            families = self.measures.of(self.facts)
            assert len(self.exposition.page(self.series.totals(), families, kind)) > 1000

        return len(calls_of(scrape))


@pytest.mark.parametrize("kind", [PLAIN, OPEN_METRICS])
def test_a_page_of_what_has_not_changed_costs_the_same_for_10_routes_and_for_100(
    kind: bytes,
) -> None:
    found = []
    for routes in (10, 100):
        scraped = Scraped(routes)
        scraped.calls(kind)
        found.append(scraped.calls(kind))
    assert found[0] == found[1] < FEW


@pytest.mark.parametrize("kind", [PLAIN, OPEN_METRICS])
def test_what_has_changed_costs_a_few_calls_a_pair(kind: bytes) -> None:
    scraped = Scraped(30)
    scraped.calls(kind)
    still = scraped.calls(kind)
    scraped.count()
    assert scraped.calls(kind) - still < EACH * len(scraped.pairs)
    scraped.count(10)
    assert scraped.calls(kind) - still < EACH * 10
