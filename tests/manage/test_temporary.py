"""What lasts a while: for how long, one timer, and who is told."""

from typing import Any

import pytest

from porch.manage.temporary import Temporary
from porch.observe.messages import Messages
from tests.manage.conftest import FakeOutput
from tests.support.temporary import FakeAsking, FakeLoop, asked, itself


class Light(Temporary):
    """Whatever may be on for a minute or two."""

    WORD = "light"
    USUAL, LONGEST = 60.0, 120.0

    def on(self, question: Any) -> None:
        try:
            seconds = self._seconds(question)
        except ValueError as error:
            question.reply({"error": str(error)})
            return
        self._later(seconds, lambda: self.off(self._asked_by_itself("off", "it is late", {})))
        self._tell("on", question, lambda: {"for": seconds})

    def off(self, question: Any) -> None:
        self._never()
        self._tell("off", question, dict)


class Bench:
    def __init__(self) -> None:
        self.loop, self.asking = FakeLoop(), FakeAsking()
        self.itself: list[tuple[str, str]] = []
        door: tuple[Any, ...] = (self.loop, self.asking, object(), Messages(FakeOutput()))
        self.light = Light(*door, itself(self.itself))


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(
    ("words", "seconds"), [({}, 60.0), ({"for": 7}, 7.0), ({"for": 120}, 120.0)]
)
def test_it_lasts_for_as_long_as_is_said_and_all_workers_are_told(
    bench: Bench, words: dict[str, object], seconds: float
) -> None:
    assert asked(bench.light.on, **words) == {"for": seconds}
    assert bench.asking.told == [("light", "on")]
    assert [each.seconds for each in bench.loop.timers] == [seconds]


def test_it_ends_by_itself_as_an_operation_that_the_door_has_asked_for(bench: Bench) -> None:
    asked(bench.light.on)
    bench.loop.timers[0].work()
    assert bench.asking.told[-1] == ("light", "off")
    assert bench.itself == [("off", "the door: it is late")]


def test_only_the_last_timer_counts_and_none_behind_the_end(bench: Bench) -> None:
    asked(bench.light.on)
    asked(bench.light.on)
    assert [each.is_cancelled for each in bench.loop.timers] == [True, False]
    asked(bench.light.off)
    assert bench.loop.timers[1].is_cancelled


@pytest.mark.parametrize(
    ("seconds", "why"),
    [
        (0, "a number of seconds above 0"),
        (-1, "a number of seconds above 0"),
        (True, "a number of seconds above 0"),
        ("5m", "a number of seconds above 0"),
        (120.5, "'for' is 2m at most; it can be said again then"),
    ],
)
def test_no_other_time_is_taken(bench: Bench, seconds: object, why: str) -> None:
    assert why in asked(bench.light.on, **{"for": seconds})["error"]
    assert bench.asking.told == []
