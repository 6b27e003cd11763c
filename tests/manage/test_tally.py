"""What a worker counts of itself."""

import asyncio

from porch.config.state import State
from porch.listen.handshake_ends import TIMEOUT, WORDS
from porch.manage.columns import CACHE, CONNECTIONS, HEARTBEAT
from porch.manage.tally import Tally
from porch.observe.exposition import ACCEPTED, HANDSHAKES, HANDSHAKES_FAILED, LAG
from porch.observe.meter import BUCKETS
from porch.observe.series import SeriesTable
from porch.shared import SharedTable
from tests.listen.test_door import made


class Counting:
    """A worker's tally, in the loop of a test."""

    def __init__(self) -> None:
        self.table = SharedTable(2, CACHE)
        self.series = SeriesTable(2)
        self.door, _, _ = made()
        self.tally = Tally(self.table.rows[1], self.series.row(1), slot=3)

    def count(self, late: float) -> None:
        async def look() -> None:
            assert self.tally.count(self.door, State(), late) == 1

        asyncio.run(look())

    def total(self, *name: str) -> int:
        return self.series.totals().get(name, 0)


def test_a_look_is_a_heartbeat_and_has_its_place_in_the_histogram() -> None:
    counting = Counting()
    for late in (0.0, 0.0007, 0.04, 99.0):
        counting.count(late)
    cells = counting.series.totals().cells((LAG, "3"))
    assert cells[0] == 99_040_700
    assert (cells[1], cells[6], cells[BUCKETS]) == (2, 1, 1)
    assert counting.table.rows[1][HEARTBEAT] == 4
    assert counting.table.rows[1][CONNECTIONS] == 0


def test_handshakes_are_taken_once() -> None:
    counting = Counting()
    handshakes = counting.door.handshakes
    handshakes.count("TLSv1.3", "h2", is_resumed=True)
    handshakes.failed[TIMEOUT] += 2
    for _ in range(2):
        counting.count(0.0)
    handshakes.count("TLSv1.3", "h2", is_resumed=True)
    counting.count(0.0)
    assert counting.total(HANDSHAKES, "TLSv1.3", "true", "h2") == 2
    assert counting.total(HANDSHAKES_FAILED, TIMEOUT) == 2


def test_connections_are_counted_once() -> None:
    counting = Counting()
    for accepted in (0, 3, 3, 5):
        counting.door.accepted = {":80": accepted, ":81": 2 * accepted}
        counting.count(0.0)
        assert counting.total(ACCEPTED, "3", ":80") == accepted
    assert counting.total(ACCEPTED, "3", ":81") == 10
    assert (ACCEPTED, "3", ":80") in counting.series.totals()


def test_every_reason_is_there_before_the_first_one() -> None:
    counting = Counting()
    found = {name[1] for name in counting.series.totals() if name[0] == HANDSHAKES_FAILED}
    assert found == set(WORDS)


def test_a_successor_goes_on_with_the_series_of_its_slot() -> None:
    counting = Counting()
    counting.count(0.02)
    counting.series.clear(1)
    counting.tally = Tally(counting.table.rows[1], counting.series.row(1), slot=3)
    counting.count(0.02)
    assert counting.series.totals().cells((LAG, "3"))[0] == 40_000
