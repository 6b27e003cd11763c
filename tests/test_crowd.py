"""Who is here and how often, by all workers."""

import pytest

from porch import clock
from porch.crowd import PLACES, CrowdTable


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    return now


def test_who_enters_with_two_workers_is_counted_by_both() -> None:
    table = CrowdTable(4)
    one, other = table.row(1), table.row(3)
    one.enter(b"a")
    other.enter(b"a")
    other.enter(b"b")
    assert [crowd.here(who) for crowd in (one, other) for who in (b"a", b"b", b"c")] == [
        *(2, 1, 0),
        *(2, 1, 0),
    ]
    one.leave(b"a")
    assert other.here(b"a") == 1


def test_a_worker_that_has_ended_takes_its_clients_with_it() -> None:
    table = CrowdTable(4)
    one, other = table.row(1), table.row(2)
    one.enter(b"a")
    one.arrive(b"a")
    other.enter(b"a")
    table.clear(1)
    assert other.here(b"a") == 1
    assert other.came(b"a") == 0


def test_what_came_counts_for_a_second_and_no_longer(time: list[float]) -> None:
    table = CrowdTable(3)
    one, other = table.row(1), table.row(2)
    for _ in range(10):
        one.arrive(b"a")
    other.arrive(b"a")
    assert other.came(b"a") == 11
    time[0] = 1001.25
    assert one.came(b"a") == 11 * 0.75
    time[0] = 1002.0
    assert one.came(b"a") == 0
    one.arrive(b"a")
    assert other.came(b"a") == 1


def test_a_flood_of_clients_makes_no_innocent_one_look_like_many() -> None:
    """Each of 20,000 has one connection, and a few have many: hardly anybody else seems to."""
    crowd = CrowdTable(2).row(1)
    for number in range(20_000):
        crowd.enter(b"%d" % number)
    for number in range(70):
        for _ in range(256):
            crowd.enter(b"bad %d" % number)
    seen = [crowd.here(b"good %d" % number) for number in range(20_000)]
    assert sum(count >= 256 for count in seen) <= 2
    assert sum(seen) / len(seen) < 1


def test_more_leave_than_came_is_nobody_at_all() -> None:
    crowd = CrowdTable(2).row(1)
    crowd.leave(b"a")
    crowd.enter(b"a")
    assert crowd.here(b"a") == 1


def test_its_memory_does_not_grow_with_the_clients() -> None:
    table = CrowdTable(2)
    assert len(table.cells) == 2 * 3 * PLACES
    assert repr(table) == "<CrowdTable 0 rows in use>"
