"""Debug: on for a while, bounded, and off by itself."""

import pytest

from porch.debug import MOST, Debug
from tests.support.network import FakeClock


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


class Listening:
    def __init__(self, time: FakeClock, seconds: float = 10.0) -> None:
        self.said: list[str] = []
        self.debug = Debug()
        self.debug.begin(time.time + seconds, self.said.append)


@pytest.fixture
def listening(time: FakeClock) -> Listening:
    return Listening(time)


def test_nothing_is_said_to_nobody() -> None:
    one = Debug()
    one.say("x")
    one.look()
    assert (one.is_on, repr(one)) == (False, "<Debug off, 0 left out>")


def test_it_is_said_until_its_time_is_over(listening: Listening, time: FakeClock) -> None:
    debug = listening.debug
    debug.say("one")
    time.advance(9.9)
    debug.look()
    assert debug.is_on
    debug.say("two")
    time.advance(0.2)
    debug.say("three")
    debug.look()
    assert (listening.said, debug.is_on) == (["one", "two"], False)


def test_begun_again_it_is_until_another_time(listening: Listening, time: FakeClock) -> None:
    listening.debug.begin(time.time + 60, listening.said.append)
    time.advance(30)
    listening.debug.look()
    assert listening.debug.is_on


def test_more_than_somebody_could_read_is_counted_and_said(
    listening: Listening, time: FakeClock
) -> None:
    for number in range(MOST + 7):
        listening.debug.say(f"{number}")
    assert len(listening.said) == MOST
    time.advance(1.1)
    listening.debug.say("later")
    left_out = f"7 lines more were left out: at most {MOST} are said a second"
    assert listening.said[MOST:] == [left_out, "later"]


@pytest.mark.parametrize("seconds", [1.5, 20.0])
def test_what_was_left_out_is_said_also_when_nothing_follows(
    listening: Listening, time: FakeClock, seconds: float
) -> None:
    for number in range(MOST + 1):
        listening.debug.say(f"{number}")
    time.advance(seconds)
    listening.debug.look()
    assert listening.said[-1].startswith("1 lines more were left out")
    listening.debug.end()
    assert len(listening.said) == MOST + 1
