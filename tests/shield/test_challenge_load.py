"""When a worker is busy enough to ask for work in return."""

import pytest

from porch import clock
from porch.shield.challenge_load import BUSY, CALM, EASED, Load


class Worker:
    """A worker of which a share of the time is used."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self._now = self._cpu = 100.0
        self._set()
        self.load = Load()

    def runs(self, seconds: float, share: float) -> bool:
        for _ in range(round(seconds)):
            self._now += 1
            self._cpu += share
            self._set()
            high = self.load.look()
        return high

    def _set(self) -> None:
        self._patch.setattr(clock, "now", self._now)
        self._patch.setattr(clock, "cpu", lambda: self._cpu / 2)
        self._patch.setattr(clock, "waited", lambda: self._cpu / 2)


def test_it_is_high_at_once_and_low_when_it_was_calm_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = Worker(monkeypatch)
    assert not worker.runs(10, BUSY - 0.05)
    assert worker.runs(1, BUSY + 0.05)
    assert worker.runs(CALM - 2, EASED - 0.1)
    assert worker.runs(1, EASED + 0.1), "not as calm as it has to be"
    assert worker.runs(CALM - 1, 0.1)
    assert not worker.runs(1, 0.1)


def test_a_worker_that_nobody_asks_for_long_is_not_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(monkeypatch)
    worker._now += 1000
    worker._cpu += 1
    worker._set()
    assert not worker.load.look()


def test_between_two_looks_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(monkeypatch)
    worker._now += 0.5
    worker._set()
    monkeypatch.setattr(clock, "cpu", lambda: 1 / 0)
    assert not worker.load.look()
