"""The clock, turned by hand, and those who wait for it."""

import os
import signal
import time
from collections.abc import Callable

import pytest

from porch import clock
from porch.clock import INFINITY, Deadlines


class Sleeper:
    """Waits for a time and counts how often it was woken."""

    def __init__(self, deadline: float, then: Callable[[], None] = lambda: None) -> None:
        self.deadline = deadline
        self.woken = 0
        self._then = then

    def on_deadline(self) -> None:
        self.woken += 1
        self._then()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the coarse time."""
    return lambda now: monkeypatch.setattr(clock, "now", now)


def test_a_tick_brings_the_coarse_time_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", 0.0)
    monkeypatch.setattr(clock, "date", b"")
    monkeypatch.setattr(clock, "monotonic", lambda: 7.5)
    monkeypatch.setattr(clock, "wall", lambda: 784111777.9)
    clock.tick()
    assert clock.now == 7.5
    assert clock.date == b"Sun, 06 Nov 1994 08:49:37 GMT"


def test_who_is_late_is_woken(at: Callable[[float], None]) -> None:
    deadlines = Deadlines()
    early, late, never = Sleeper(9.0), Sleeper(11.5), Sleeper(INFINITY)
    for each in (early, late, never):
        deadlines.watch(each)
    at(10.0)
    deadlines.check()
    assert (early.woken, late.woken, never.woken) == (1, 0, 0)
    at(12.0)
    deadlines.check()
    assert (early.woken, late.woken, never.woken) == (2, 1, 0)


@pytest.mark.parametrize("seconds", [0.25, 0.5, 1.0, 10.0])
@pytest.mark.parametrize("age", [0.0, 0.1, 0.24])
def test_no_timeout_is_shorter_than_somebody_has_written(
    at: Callable[[float], None], seconds: float, age: float
) -> None:
    """age: of the coarse time when the deadline is set."""
    deadlines = Deadlines()
    start = 100.0
    at(start)
    one = Sleeper(clock.now + seconds)
    deadlines.watch(one)
    time = start
    while not one.woken:
        time += clock.TICK + 0.001
        at(time)
        deadlines.check()
    assert seconds <= time - (start + age) <= seconds + 2 * clock.TICK + 0.1


def test_a_deadline_moves_by_an_assignment(at: Callable[[float], None]) -> None:
    deadlines = Deadlines()
    one = Sleeper(9.0)
    deadlines.watch(one)
    one.deadline = 20.0
    at(10.0)
    deadlines.check()
    assert one.woken == 0


def test_who_is_taken_off_is_not_woken(at: Callable[[float], None]) -> None:
    deadlines = Deadlines()
    one = Sleeper(9.0)
    deadlines.watch(one)
    deadlines.discard(one)
    deadlines.discard(one)
    at(10.0)
    deadlines.check()
    assert one.woken == 0
    assert len(deadlines) == 0


@pytest.mark.parametrize("way", ["takes off", "moves"])
def test_who_is_helped_by_another_that_is_late_is_not_woken(
    at: Callable[[float], None], way: str
) -> None:
    deadlines = Deadlines()
    both: list[Sleeper] = []

    def help_the_others() -> None:
        for each in both:
            if way == "moves":
                each.deadline = 20.0
            else:
                deadlines.discard(each)

    both += [Sleeper(9.0, help_the_others), Sleeper(9.0, help_the_others)]
    for each in both:
        deadlines.watch(each)
    at(10.0)
    deadlines.check()
    assert sum(each.woken for each in both) == 1


def test_who_is_woken_may_add_and_take_off_others(at: Callable[[float], None]) -> None:
    deadlines = Deadlines()
    new = Sleeper(30.0)

    def then() -> None:
        deadlines.watch(new)
        deadlines.discard(one)

    one = Sleeper(9.0, then)
    deadlines.watch(one)
    at(10.0)
    deadlines.check()
    assert len(deadlines) == 1


def test_who_waits_twice_is_woken_once(at: Callable[[float], None]) -> None:
    deadlines = Deadlines()
    one = Sleeper(9.0)
    deadlines.watch(one)
    deadlines.watch(one)
    at(10.0)
    deadlines.check()
    assert (one.woken, len(deadlines)) == (1, 1)


def test_who_waits_for_a_core_has_waited() -> None:
    """Two that want the one core that they may have."""
    cores = os.sched_getaffinity(0)
    ready, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.sched_setaffinity(0, {min(cores)})
        os.write(go, b"x")
        while True:
            pass
    try:
        os.read(ready, 1)
        os.sched_setaffinity(0, {min(cores)})
        before, until = clock.waited(), time.monotonic() + 0.2
        while time.monotonic() < until:
            pass
        assert 0.02 < clock.waited() - before < 0.5
    finally:
        os.sched_setaffinity(0, cores)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(ready)
        os.close(go)


def test_a_system_that_does_not_say_who_waits_says_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> int:
        raise FileNotFoundError

    monkeypatch.setattr(os, "open", missing)
    assert clock.waited() == 0.0


def test_one_that_fails_keeps_nobody_from_his_deadline(at: Callable[[float], None]) -> None:
    """And it is told once, not with each tick."""
    deadlines = Deadlines()

    def fail() -> None:
        raise ValueError("a fault")

    sleepers = [Sleeper(10.0, fail), Sleeper(10.0), Sleeper(10.0, fail), Sleeper(10.0)]
    for each in sleepers:
        deadlines.watch(each)
    at(10.5)
    with pytest.raises(ValueError, match="a fault"):
        deadlines.check()
    assert [each.woken for each in sleepers] == [1, 1, 1, 1]
    at(11.0)
    deadlines.check()
    assert [each.woken for each in sleepers] == [1, 2, 1, 2]
