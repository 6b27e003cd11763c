"""At most so many in any so long, against a model that remembers every one."""

from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porch import clock
from porch.shield.limit_table import LimitTable, Slots
from porch.shield.limit_window import MOST, SUBS, Window, width_for

NAME = "some limit"


def windows(most: int, seconds: float, workers: int = 1, keys: int = 1024) -> list[Window]:
    """One a worker, on one table that begins now."""
    table = LimitTable(workers + 1, keys)
    rows = [table.row(number) for number in range(1, workers + 1)]
    return [Window(row, NAME, most, seconds) for row in rows]


def start() -> float:
    return clock.monotonic()


class Model:
    """Remembers when each was let in, by the sub-window."""

    def __init__(self, most: int, sub: float) -> None:
        self.most = most
        self.sub = sub
        self.taken: list[int] = []

    def take(self, since: float) -> int:
        index = int(since / self.sub)
        counted = sum(1 for each in self.taken if index - SUBS <= each)
        if counted >= self.most:
            return -1
        self.taken.append(index)
        return self.most - counted - 1


ARRIVALS = st.lists(
    st.tuples(
        st.integers(0, 2),  # at which worker
        st.one_of(st.just(0.0), st.floats(0, 2), st.floats(0, 90), st.floats(0, 400)),  # later
    ),
    max_size=120,
)


@settings(max_examples=150, deadline=None)
@given(ARRIVALS, st.sampled_from((1, 3, 10, 100, 254, 255, 1000, 65_534, 65_535)))
def test_three_workers_let_in_what_one_list_of_all_would(
    arrivals: list[tuple[int, float]], most: int
) -> None:
    workers = windows(most, 60.0, 3)
    model = Model(most, 60.0 / SUBS)
    began, since = workers[0]._began, 0.0
    for worker, later in arrivals:
        since += later
        index = (began + since - began) / model.sub
        if abs(index - round(index)) < 1e-6:  # which sub-window it is is a matter of rounding
            since += model.sub / 2
        assert workers[worker].take(b"192.0.2.1", began + since) == model.take(since)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(0, 3)), min_size=30, max_size=300),
    st.integers(1, 12),
)
def test_in_any_window_no_more_pass_than_may(arrivals: list[tuple[int, float]], most: int) -> None:
    """Whoever is served when, if each sees what the other has counted."""
    workers = windows(most, 10.0, 2)
    now = start()
    passed: list[float] = []
    for worker, later in arrivals:
        now += later
        if workers[worker].take(b"k", now) >= 0:
            passed.append(now)
    for first in passed:
        assert sum(1 for each in passed if first <= each < first + 9.999) <= most


STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.one_of(st.just(0.0), st.floats(0, 0.3), st.floats(0, 3))),
    min_size=30,
    max_size=300,
)
"""At which worker, and how much later."""


@settings(max_examples=150, deadline=None)
@given(STEPS, st.integers(2, 4), st.integers(1, 40))
def test_who_stays_below_is_never_refused(
    arrivals: list[tuple[int, float]], count: int, most: int
) -> None:
    """At most `most` in any 64/63 of the window, in whatever bursts, by whichever worker."""
    workers = windows(most, 10.0, count)
    span = 10.0 * 64 / 63
    now = start()
    came: list[float] = []
    for worker, later in arrivals:
        now += later
        if sum(1 for each in came if each > now - span - 0.001) < most:
            came.append(now)
            assert workers[worker % count].take(b"k", now) >= 0


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.floats(0, 0.4)), min_size=250, max_size=400),
    st.integers(2, 4),
    st.floats(0, 60),
)
def test_ninety_eight_a_minute_of_a_hundred_are_never_refused(
    arrivals: list[tuple[int, float]], count: int, since: float
) -> None:
    """No two nearer to each other than 1/98 of a minute, for whole minutes, by any worker."""
    workers = windows(100, 60.0, count)
    now = start() + since
    for worker, later in arrivals:
        now += 60 / 98 + (later if worker == 0 else 0.0)
        assert workers[worker % count].take(b"k", now) >= 0


@settings(max_examples=150, deadline=None)
@given(STEPS, st.integers(2, 4), st.integers(1, 40))
def test_who_was_refused_may_come_when_he_was_told(
    arrivals: list[tuple[int, float]], count: int, most: int
) -> None:
    """And not a whole sub-window earlier."""
    workers = windows(most, 10.0, count)
    now = start()
    for worker, later in arrivals:
        now += later
        mine = workers[worker % count]
        if mine.take(b"k", now) < 0:
            until = now + mine.wait(b"k", now)
            if until - now > 10 / 63:
                assert mine.take(b"k", until - 10 / 63 - 0.001) == -1
            now = until + 0.001
            assert workers[(worker + 1) % count].take(b"k", now) >= 0


def test_bursts_a_little_more_than_a_window_apart_meet_in_one() -> None:
    """The other side of sub-windows: 97 in any minute, and yet some are refused, until a 63rd of
    the window later."""
    one, other = windows(100, 60.0, 2)
    sub = 60 / SUBS
    now = one._began + 10.9 * sub
    assert all(one.take(b"k", now) >= 0 for _ in range(97))
    again = now + 60.01
    assert sum(other.take(b"k", again) >= 0 for _ in range(97)) == 3
    assert one.wait(b"k", again) < sub
    assert one.take(b"k", again + sub) >= 0


def test_a_hundred_may_come_at_once() -> None:
    (window,) = windows(100, 60.0)
    now = start()
    assert [window.take(b"a", now) for _ in range(101)] == [*range(99, -1, -1), -1]


class Interrupted(list[Slots]):
    """What a worker sees of the others; behind its look and before it counts, others are at it."""

    def __init__(self, window: Window, meanwhile: Callable[[], None]) -> None:
        window._look()
        super().__init__(window._others)
        self._meanwhile = meanwhile

    def __iter__(self) -> Iterator[Slots]:
        yield from super().__iter__()
        self._meanwhile()


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 6), st.integers(1, 4), st.randoms(use_true_random=False))
def test_however_takes_fall_together_each_further_worker_lets_in_one_too_many(
    most: int, count: int, chance: Random
) -> None:
    """Any of them may be stopped between its look and its count, for as long as it may be."""
    workers = windows(most, 60.0, count)
    now = start()
    passed: list[int] = []
    busy: set[int] = set()

    def act() -> None:
        for _ in range(chance.randrange(6)):
            free = [number for number in range(count) if number not in busy]
            if free:
                take(chance.choice(free))

    def take(number: int) -> None:
        busy.add(number)
        if workers[number].take(b"k", now) >= 0:
            passed.append(number)
        busy.discard(number)

    for each in workers:
        each._others = Interrupted(each, act)
    for _ in range(10):
        take(chance.randrange(count))
    for each in workers:
        each._look()
    for number in range(count):
        take(number)
    assert most <= len(passed) <= most + count - 1


def test_two_that_take_at_the_same_moment_are_one_too_many() -> None:
    one, other = windows(5, 60.0, 2)
    now = start()
    assert [one.take(b"k", now) for _ in range(4)] == [4, 3, 2, 1]
    seen: list[int] = []
    one._others = Interrupted(one, lambda: seen.extend(other.take(b"k", now) for _ in range(10)))
    assert one.take(b"k", now) == 0
    assert seen == [0] + [-1] * 9
    one._look()
    assert (one.take(b"k", now), other.take(b"k", now)) == (-1, -1)


def test_what_is_over_counts_no_more_however_long_nobody_looked() -> None:
    one, other = windows(3, 60.0, 2)
    now = start()
    assert [one.take(b"k", now) for _ in range(3)] == [2, 1, 0]
    assert other.take(b"k", now + 59.9) == -1
    assert other.take(b"k", now + 61.0) == 2
    assert one.take(b"k", now + 10_000.0) == 2


def test_a_refusal_says_when_there_is_room_again() -> None:
    one, other = windows(3, 63.0, 2)  # sub-windows of a second
    now = one._began
    assert one.wait(b"k", now) == 0.0
    one.take(b"k", now + 0.5)
    other.take(b"k", now + 10.5)
    other.take(b"k", now + 10.7)
    assert one.wait(b"k", now + 20.0) == pytest.approx(44.0)
    assert one.take(b"k", now + 63.9) == -1
    assert one.take(b"k", now + 64.001) == 0
    assert one.wait(b"k", now + 64.001) == pytest.approx(9.999)


def test_what_costs_more_than_is_left_is_charged_and_waited_for() -> None:
    table = LimitTable(2, 1024)
    window = Window(table.row(1), NAME, 100, 63.0, late=True)
    now = window._began
    assert window.take(b"k", now, 0) == 100
    window.charge(b"k", now, 70)
    assert window.take(b"k", now + 5, 0) == 30
    window.charge(b"k", now + 5, 1_000_000_000_000)
    assert window.take(b"k", now + 6, 0) == -1
    assert window.wait(b"k", now + 6) == pytest.approx(63.0)
    assert window.take(b"k", now + 68.9, 0) == -1
    assert window.take(b"k", now + 69.1, 0) == 100


def test_what_was_taken_can_be_given_back() -> None:
    (window,) = windows(2, 60.0)
    now = start()
    assert [window.take(b"k", now), window.take(b"k", now), window.take(b"k", now)] == [1, 0, -1]
    window.charge(b"k", now, -1)
    assert [window.take(b"k", now), window.take(b"k", now)] == [0, -1]
    window.charge(b"other", now, -1)
    assert window.take(b"other", now) == 1


def test_a_clock_that_steps_back_lets_nobody_in_twice() -> None:
    """As of a request that waited elsewhere since its time was looked at."""
    one, other = windows(2, 60.0, 2)
    now = start() + 100
    assert one.take(b"k", now) == 1
    assert one.take(b"k", now - 30) == 0
    assert other.take(b"k", now - 90) == -1
    assert one.take(b"k", now + 31) == -1


def flood(window: Window, now: float, many: int, name: str = "new") -> None:
    for each in range(many):
        window.take(f"{name} {each}".encode(), now)


def test_a_flood_of_fresh_addresses_resets_nobody_who_came_more_often() -> None:
    """20 times as many as there is room for, each once."""
    (window,) = windows(100, 60.0, keys=1024)
    now = start()
    near = [b"near %d" % each for each in range(50)]
    for key in near:
        for _ in range(100):
            window.take(key, now)
    flood(window, now + 1, 20_000)
    assert [window.take(key, now + 2) for key in near] == [-1] * 50


def test_whoever_is_forgotten_had_come_no_more_often_than_all_of_its_set() -> None:
    (window,) = windows(100, 60.0, keys=8)
    now = start()
    for key in range(8):
        for _ in range(key + 2):
            window.take(b"%d" % key, now)
    flood(window, now, 1)  # takes the place of "0", which had come twice
    assert window.take(b"7", now) == 90
    assert window.take(b"1", now) == 96
    flood(window, now, 1, "newer")
    assert window.take(b"7", now) == 89
    assert window.take(b"1", now) == 95


def test_a_slot_of_which_all_is_over_is_taken_first() -> None:
    (window,) = windows(100, 60.0, keys=8)
    now = start()
    for _ in range(100):
        window.take(b"old", now)
    flood(window, now + 120, 8)
    assert window.take(b"old", now + 120) >= 98


def test_limits_of_different_names_do_not_meet() -> None:
    table = LimitTable(2, 1024)
    row = table.row(1)
    one, other = Window(row, "one", 5, 60.0), Window(row, "other", 5, 1.0)
    now = start()
    assert [one.take(b"k", now), other.take(b"k", now), one.take(b"k", now)] == [4, 4, 3]


def test_a_new_configuration_goes_on_where_the_old_one_was() -> None:
    table = LimitTable(2, 1024)
    row = table.row(1)
    now = start()
    assert Window(row, NAME, 5, 60.0).take(b"k", now) == 4
    assert Window(row, NAME, 50, 60.0).take(b"k", now) == 48


@pytest.mark.parametrize(
    ("most", "late", "width"),
    [
        (1, False, 1),
        (254, False, 1),
        (255, False, 2),
        (65_535, False, 4),
        (1, True, 4),
        (MOST, False, 4),
    ],
)
def test_cells_are_as_wide_as_they_must_be(most: int, late: bool, width: int) -> None:
    assert width_for(most, late=late) == width


@pytest.mark.parametrize("most", [254, 65_534, 100_000])
def test_the_widest_sum_of_each_width_is_right(most: int) -> None:
    one, other = windows(most, 63.0, 2)
    now = one._began
    for each in range(most):
        assert one.take(b"k", now + 63 * each / most) == most - each - 1
    assert (one.take(b"k", now + 63.9), other.take(b"k", now + 63.9)) == (-1, -1)
    assert other.take(b"k", now + 64.5) > 0


def test_a_window_of_a_second_counts_for_two_hundred_and_fifty_years() -> None:
    """That a door never sees the end of it: what a head has room for, and what an integer has."""
    one, other = windows(3, 1.0, 2, keys=8)
    now = one._began + 250 * 365.25 * 86_400
    assert [one.take(b"k", now), other.take(b"k", now), one.take(b"k", now)] == [2, 1, 0]
    assert other.take(b"k", now + 0.9) == -1
    assert other.take(b"k", now + 1.1) == 2
    flood(one, now + 2, 50)
    assert one.take(b"another", now + 3) == 2


def test_a_window_says_what_it_is() -> None:
    (window,) = windows(100, 60.0)
    assert repr(window) == "<Window 100 in 60 s>"
