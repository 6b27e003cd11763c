"""How often a worker wakes, on a clock turned by hand: turns of the loop that nothing asked for."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from porch import clock
from porch.clock import TICK
from porch.manage.ticking import AT_REST, LOG_DELAY, Ticking
from tests.listen.test_door import made, request
from tests.support.network import FakeClock, FakeLoop


class Worker:
    """Ticking in a loop that has nothing else. ticks, written, lines: how often so far. waits:
    whether something has a deadline."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time = FakeClock(monkeypatch)
        self.loop = FakeLoop(self.time)
        self.door, _, self.client = made()
        self.ticks = self.written = self.lines = 0
        self.late: list[float] = []
        self.waits = False
        self.ticking = Ticking(self.door, self._tick, self._write, self._make)
        self.loop.run(self.ticking.start)

    def _tick(self, late: float) -> bool:
        self.ticks += 1
        self.late.append(late)
        clock.tick()
        return not self.waits

    def _write(self) -> None:
        self.written += 1

    def _make(self) -> None:
        self.lines += 1

    def turns(self, seconds: float) -> int:
        """Times that the loop is woken by one of its timers."""
        timers = self.loop._scheduled  # type: ignore[attr-defined]
        until, found = self.time.time + seconds, 0
        while True:
            due = min((each.when() for each in timers if not each.cancelled()), default=until + 1)
            if due > until:
                self.time.time = until
                return found
            self.time.time = max(self.time.time, due)
            self.loop.settle()
            found += 1

    def asks(self) -> Any:
        """A request that runs until `door.running` is brought down."""
        self.loop.run(lambda: self.door.open(self.client, request()))


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    started = Worker(monkeypatch)
    yield started
    started.ticking.close()
    assert not [each for each in started.loop._scheduled if not each.cancelled()]  # type: ignore[attr-defined]
    started.loop.close()


def test_at_rest_it_wakes_once_a_second(worker: Worker) -> None:
    worker.turns(1.0)
    assert repr(worker.ticking) == "<Ticking at rest>"
    assert worker.turns(100.0) == 100


def test_it_rests_again_when_it_has_served(worker: Worker) -> None:
    worker.turns(5.0)
    for _ in range(3):
        worker.asks()
        worker.door.running -= 1
    worker.turns(1.0)
    assert worker.turns(100.0) in (100, 101)


def test_while_somebody_is_connected_it_looks_at_the_clock_and_at_nothing_else(
    worker: Worker,
) -> None:
    worker.door.sessions.add(cast("Any", object()))
    worker.turns(2.0)
    assert worker.turns(10.0) == 10 / TICK
    worker.asks()
    worker.door.running -= 1
    worker.turns(1.0)
    assert worker.turns(10.0) == 10 / TICK, "nor behind a request"


def test_while_something_waits_for_its_time_it_looks_at_the_clock(worker: Worker) -> None:
    worker.waits = True
    worker.turns(2.0)
    assert worker.turns(10.0) == 10 / TICK
    assert not worker.door.rests


def test_who_comes_to_one_at_rest_finds_the_time_right(worker: Worker) -> None:
    worker.turns(5.0)
    worker.time.time += 0.9
    worker.loop.run(worker.door.wake)
    assert clock.now == worker.time.time
    assert not worker.door.rests
    ticks = worker.ticks
    worker.door.sessions.add(cast("Any", object()))
    worker.turns(TICK + 0.01)
    assert worker.ticks == ticks + 1, "and soon again"


def test_the_log_is_written_soon_after_the_first_request_and_while_one_runs(
    worker: Worker,
) -> None:
    worker.turns(5.0)
    worker.loop.run(worker.door.wake)
    worker.asks()
    before = worker.written
    worker.turns(LOG_DELAY + 0.001)
    assert worker.written == before + 1
    worker.turns(1.0)
    assert worker.written > before + 40, "it has not ended yet"
    worker.door.running -= 1
    worker.turns(0.1)
    before = worker.written
    worker.turns(10.0)
    assert worker.written <= before + 10 / TICK


def test_lines_are_made_behind_some_requests_and_not_within_one(worker: Worker) -> None:
    worker.asks()
    worker.ticking._on_requests()
    assert worker.lines == 0
    worker.loop.settle()
    assert worker.lines == 1


def test_a_look_that_fails_is_not_the_last(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(late: float) -> bool:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(worker.ticking, "_tick", fails)
        worker.turns(1.5)
    assert worker.loop.problems
    ticks = worker.ticks
    worker.turns(AT_REST)
    assert worker.ticks > ticks


def test_how_late_a_look_comes_is_told(worker: Worker) -> None:
    worker.waits = True
    worker.turns(2.0)
    assert max(worker.late) < 1e-6
    worker.time.time += TICK + 0.4  # something did not return
    worker.loop.settle()
    assert 0.399 < worker.late[-1] < TICK + 0.401
    worker.turns(1.0)
    assert worker.late[-1] < 1e-6
