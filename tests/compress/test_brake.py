"""The brake, over a clock turned by hand."""

import pytest

from porch import clock
from porch.clock import TICK
from porch.compress.brake import Brake
from porch.compress.coder import FAST, SMALL


class Time:
    """A worker that is so busy."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.set = monkeypatch.setattr
        self.ran = self.waited = 0.0
        monkeypatch.setattr(clock, "now", 1000.0)
        monkeypatch.setattr(clock, "cpu", lambda: self.ran)
        monkeypatch.setattr(clock, "waited", lambda: self.waited)

    def passes(
        self, brake: Brake, seconds: float, share: float, late: float = 0.0, waits: float = 0.0
    ) -> int | None:
        until = clock.now + seconds
        while clock.now < until:
            self.ran += (TICK + late) * share
            self.waited += (TICK + late) * waits
            self.set(clock, "now", clock.now + TICK + late)
            effort = brake.effort(SMALL)
        return effort


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


def test_who_has_time_does_as_asked(time: Time) -> None:
    assert time.passes(Brake(), 5, 0.5) == SMALL


def test_who_is_busy_makes_the_least_effort(time: Time) -> None:
    brake = Brake()
    assert time.passes(brake, 1.1, 0.95) == FAST
    assert time.passes(brake, 9, 0.95) == FAST, "nobody waits for long"
    assert time.passes(brake, 9, 0.8) == FAST, "it does not flutter"
    assert time.passes(brake, 2, 0.5) == SMALL


def test_who_is_late_too_codes_nothing(time: Time) -> None:
    brake = Brake()
    assert time.passes(brake, 4, 0.97, late=0.1) is None
    assert time.passes(brake, 1.1, 0.3) == FAST
    assert time.passes(brake, 1.1, 0.3) == SMALL


def test_who_is_late_without_being_busy_was_only_not_asked(time: Time) -> None:
    assert time.passes(Brake(), 9, 0.2, late=3.0) == SMALL


def test_who_waits_for_a_core_that_others_have_is_busy(time: Time) -> None:
    brake = Brake()
    assert time.passes(brake, 1.1, 0.3, waits=0.65) == FAST
    assert time.passes(brake, 4, 0.3, late=0.1, waits=0.65) is None
    assert time.passes(brake, 2.2, 0.3, waits=0.1) == SMALL
