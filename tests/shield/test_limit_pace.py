"""So many bytes a second, over all workers."""

import random

import pytest

from porch.buffer.bandwidth import GRAIN
from porch.shield.limit_pace import LEAST_STEP, MOST_STEP, STEP, Pace
from tests.support.network import FakeClock
from tests.support.paces import pace, paces


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def sent_by(made: list[Pace], time: FakeClock, seconds: float) -> float:
    """Bytes that leave if each worker always has more to send and wakes up to 5 ms late."""
    drawn = random.Random(5)
    due = dict.fromkeys(made, time.time)
    until, sent = time.time + seconds, 0
    while True:
        worker = min(due, key=lambda each: due[each])
        if due[worker] > until:
            return sent
        time.time = max(time.time, due[worker])
        sent += worker.step  # what it has waited for
        wait = worker.reserve(b"192.0.2.1", worker.step)
        due[worker] = time.time + (wait + drawn.random() * 0.005 if wait > GRAIN else 0.0)


@pytest.mark.parametrize("rate", [2_000, 100_000, 2_000_000, 200_000_000])
@pytest.mark.parametrize("workers", [1, 2, 8])
def test_the_rate_holds_over_all_workers(time: FakeClock, rate: int, workers: int) -> None:
    made = paces(rate, workers)
    sent_by(made, time, 20.0)
    for _ in range(5):
        assert sent_by(made, time, 20.0) == pytest.approx(20 * rate, rel=0.06)


def test_who_asks_first_is_first(time: FakeClock) -> None:
    ours, theirs = paces(1000, 2)
    waits = [each.reserve(b"a", 100) for each in (ours, theirs, theirs, ours)]
    assert waits == [pytest.approx(each) for each in (0.0, 0.1, 0.2, 0.3)]


def test_what_was_not_used_is_no_credit_but_for_one_step(time: FakeClock) -> None:
    (made,) = paces(100_000)
    assert made.reserve(b"a", 2000) == 0.0
    time.advance(60)
    assert made.reserve(b"a", 2000) == 0.0
    assert made.reserve(b"a", 2000) == 0.0
    assert made.reserve(b"a", 2000) == pytest.approx(STEP)


def test_what_a_killed_worker_has_reserved_is_over_with_its_time(time: FakeClock) -> None:
    killed, ours = paces(100_000, 2)
    for _ in range(5):
        killed.reserve(b"192.0.2.1", 100_000)
    assert ours.reserve(b"192.0.2.1", 2000) == pytest.approx(5.0)
    time.advance(5.02)
    assert sent_by([ours], time, 20.0) == pytest.approx(2_000_000, rel=0.06)


def test_each_has_a_rate_of_his_own_by_the_key(time: FakeClock) -> None:
    made = pace(1000, lambda address: address[:1])
    assert [made.reserve(each, 1000) for each in (b"a1", b"b1")] == [0.0, 0.0]
    assert made.reserve(b"a2", 1000) == pytest.approx(1.0)


def test_no_more_are_known_than_the_table_has_room_for(time: FakeClock) -> None:
    made = pace(1000, lambda address: address)
    slow = [b"slow %d" % each for each in range(20)]
    for each in slow:
        for _ in range(5):
            made.reserve(each, 1000)
    for number in range(20_000):
        made.reserve(b"%d" % number, 10)
    assert [made.reserve(each, 1) > 4.0 for each in slow] == [True] * 20


def test_a_step_is_of_a_fiftieth_of_a_second_within_bounds() -> None:
    assert [pace(rate).step for rate in (1, 1_000_000, 10**9)] == [LEAST_STEP, 20_000, MOST_STEP]


def test_it_describes_itself() -> None:
    assert repr(pace(1000)) == "<Pace 1000 bytes/s>"
