"""Evenly so many, and so many at once, against a model of one number."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porch import clock
from porch.shield.limit_bucket import Bucket
from porch.shield.limit_table import LimitTable

NAME = "some limit"


def buckets(
    most: int, seconds: float, burst: int, workers: int = 1, keys: int = 1024
) -> list[Bucket]:
    table = LimitTable(workers + 1, keys)
    rows = [table.row(number) for number in range(1, workers + 1)]
    return [Bucket(row, NAME, most, seconds, burst) for row in rows]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.one_of(st.just(0.0), st.floats(0, 5)))),
    st.integers(1, 20),
)
def test_three_workers_let_in_what_one_bucket_would(
    arrivals: list[tuple[int, float]], burst: int
) -> None:
    workers = buckets(60, 60.0, burst, 3)  # one a second
    began = workers[0]._began
    free, since = 0, 0.0
    for worker, later in arrivals:
        since += later
        moment = int((began + since - began) * 1_000_000_000)
        start = max(free, moment)
        fits = start + 1_000_000_000 - moment <= burst * 1_000_000_000
        if fits:
            free = start + 1_000_000_000
        assert (workers[worker].take(b"k", began + since) >= 0) is fits


def test_smooth_is_one_after_the_other() -> None:
    (bucket,) = buckets(100, 60.0, 1)
    now = clock.monotonic()
    assert (bucket.take(b"k", now), bucket.take(b"k", now + 0.59)) == (0, -1)
    assert bucket.wait(b"k", now + 0.59) == pytest.approx(0.01, abs=1e-6)
    assert bucket.take(b"k", now + 0.6001) == 0


def test_a_burst_is_so_many_at_once_and_comes_back_evenly() -> None:
    one, other = buckets(60, 60.0, 10, 2)
    now = clock.monotonic()
    assert [one.take(b"k", now) for _ in range(5)] == [9, 8, 7, 6, 5]
    assert [other.take(b"k", now) for _ in range(6)] == [4, 3, 2, 1, 0, -1]
    assert one.take(b"k", now + 1.01) == 0
    assert one.take(b"k", now + 1.02) == -1
    assert one.wait(b"other", now) == 0.0


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 10_000),
    st.floats(0.001, 86_400.0),
    st.integers(1, 20),
    st.floats(0, 1e7),
    st.lists(st.floats(0, 100), max_size=30),
    st.booleans(),
)
def test_who_waits_as_told_is_let_in_and_who_comes_a_microsecond_sooner_is_not(
    most: int, seconds: float, burst: int, since: float, arrivals: list[float], costs: bool
) -> None:
    """Whenever he has come, on a machine that was started months ago too. costs: what a request
    costs is known when it is over."""
    (bucket,) = buckets(most, seconds, burst)
    units = 0 if costs else 1
    now = bucket._began + since
    for later in arrivals:
        now += later
        if bucket.take(b"k", now, units) < 0:
            break
        bucket.charge(b"k", now, 0 if units else 3)
    wait = bucket.wait(b"k", now)
    assert (bucket.take(b"k", now, 0) >= 0) is (wait == 0)
    if wait > 1e-6:
        assert bucket.take(b"k", now + wait - 1e-6, units) == -1
    assert bucket.take(b"k", now + wait, units) >= 0


class Interrupted(Bucket):
    """Another takes as well, between its look and its count."""

    other: Bucket | None = None

    def _latest(self, slot: int, tag: int, moment: int) -> int:
        found = super()._latest(slot, tag, moment)
        if self.other is not None:
            other, self.other = self.other, None
            assert other.take(b"k", self._began + moment / 1_000_000_000) == 0
        return found


def test_two_that_take_at_the_same_moment_are_one_too_many_once() -> None:
    table = LimitTable(3, 1024)
    one, other = (Interrupted(table.row(row), NAME, 60, 60.0, 1) for row in (1, 2))
    now = clock.monotonic() + 100
    assert (one.take(b"k", now - 10), other.take(b"k", now - 5)) == (0, 0)
    one.other = other
    assert one.take(b"k", now) == 0
    # Both have passed, and both stand against it: the next may come two seconds later.
    assert one.take(b"k", now + 1.5) == other.take(b"k", now + 1.99) == -1
    assert other.take(b"k", now + 2.01) == 0


def test_what_costs_more_is_charged_and_waited_for() -> None:
    (bucket,) = buckets(100, 10.0, 100)
    now = clock.monotonic()
    assert bucket.take(b"k", now, 0) == 100
    bucket.charge(b"k", now, 150)
    assert bucket.take(b"k", now, 0) == -1
    assert bucket.wait(b"k", now) == pytest.approx(5.1, abs=0.001)
    assert bucket.take(b"k", now + 5.25, 0) == 2
    bucket.charge(b"k", now + 6, 10**12)
    bucket.charge(b"k", now + 6, 10**12)
    assert bucket.take(b"k", now + 1_000_000, 0) == -1


def test_what_was_taken_can_be_given_back() -> None:
    (bucket,) = buckets(60, 60.0, 1)
    now = clock.monotonic()
    assert bucket.take(b"k", now) == 0
    bucket.charge(b"k", now, -1)
    assert bucket.take(b"k", now) == 0
    bucket.charge(b"never came", now, -1)


def test_a_flood_of_fresh_addresses_resets_nobody_who_came_more_often() -> None:
    (bucket,) = buckets(100, 60.0, 100, keys=1024)
    now = clock.monotonic()
    near = [b"near %d" % each for each in range(50)]
    for key in near:
        for _ in range(100):
            bucket.take(key, now)
    for each in range(20_000):
        bucket.take(b"new %d" % each, now)
    assert [bucket.take(key, now) for key in near] == [-1] * 50


def test_a_bucket_says_what_it_is() -> None:
    assert repr(*buckets(100, 60.0, 7)) == "<Bucket 100 in 60 s, 7 at once>"
