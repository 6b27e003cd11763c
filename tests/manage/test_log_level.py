"""The command `log-level`: for how long, and that it ends by itself."""

from typing import Any

import pytest

from porch import clock
from porch.manage.asking import Silent
from porch.manage.log_level import LogLevel
from porch.observe.messages import Messages
from tests.manage.conftest import FakeOutput
from tests.support.temporary import FakeAsking, FakeLoop, asked, itself


class Bench:
    def __init__(self) -> None:
        self.loop: Any = FakeLoop()
        self.itself: list[tuple[str, str]] = []
        self.asking: Any = FakeAsking()
        self.in_force: Any = type("InForce", (), {"debug_until": 0.0})()
        self.output = FakeOutput()
        parts = self.loop, self.asking, self.in_force, Messages(self.output), itself(self.itself)
        self.level = LogLevel(*parts)

    def ask(self, **words: object) -> Any:
        return asked(self.level.commands["log-level"], **words)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_all_workers_are_told_until_when_and_later_ones_know_it(bench: Bench) -> None:
    answer = bench.ask(level="debug")
    assert answer["log level"].startswith("debug until 2")
    ((word, until),) = bench.asking.told
    assert word == "log-level"
    assert until == bench.in_force.debug_until
    assert LogLevel.USUAL - 1 < until - clock.monotonic() <= LogLevel.USUAL
    assert [each.seconds for each in bench.loop.timers] == [LogLevel.USUAL]
    assert b"the log level is debug until" in bench.output.lines
    assert b"said by ann" in bench.output.lines


def test_it_ends_by_itself(bench: Bench) -> None:
    bench.ask(level="debug", **{"for": 60})
    bench.loop.timers[0].work()
    assert bench.asking.told[-1] == ("log-level", 0.0)
    assert bench.in_force.debug_until == 0.0
    assert b"the log level is normal again" in bench.output.lines
    assert bench.itself == [("log-level", "the door: its time is over")]


def test_said_again_the_later_time_counts_alone(bench: Bench) -> None:
    bench.ask(level="debug", **{"for": 60})
    bench.ask(level="debug", **{"for": 120})
    first, second = bench.loop.timers
    assert (first.is_cancelled, second.is_cancelled) == (True, False)


def test_normal_ends_it_and_says_nothing_of_what_was_not(bench: Bench) -> None:
    assert bench.ask(level="normal") == {"log level": "normal"}
    assert bench.output.lines == b""
    bench.ask(level="debug")
    assert bench.ask(level="normal") == {"log level": "normal"}
    assert bench.loop.timers[0].is_cancelled
    assert bench.asking.told[-1] == ("log-level", 0.0)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({}, "debug or normal"),
        ({"level": "trace"}, "debug or normal"),
        ({"level": "debug", "for": "5m"}, "a number of seconds"),
        ({"level": "debug", "for": True}, "a number of seconds"),
        ({"level": "debug", "for": 0}, "a number of seconds"),
        ({"level": "debug", "for": LogLevel.LONGEST + 1}, "1h at most"),
    ],
)
def test_words_of_no_use_change_nothing(bench: Bench, words: dict[str, object], why: str) -> None:
    assert why in bench.ask(**words)["error"]
    assert bench.asking.told == []


def test_a_worker_that_hangs_is_named(bench: Bench) -> None:
    bench.asking.tell = lambda word, data, then: then([Silent(7)])
    assert bench.ask(level="normal")["pending"] == [7]
