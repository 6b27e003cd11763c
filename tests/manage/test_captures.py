"""The commands of captures: who may begin one, what is read, and how it ends."""

from typing import Any

import pytest

from porch import clock
from porch.manage.asking import Silent
from porch.manage.captures import UNREAD, Captures
from porch.observe.capture import MOST_HEADS
from porch.observe.messages import Messages
from tests.manage.conftest import FakeOutput
from tests.support.network import FakeClock
from tests.support.temporary import FakeAsking, FakeLoop, asked, itself


class Route:
    key = "a.test"


class Bench:
    def __init__(self, time: FakeClock) -> None:
        self.time = time
        self.loop: Any = FakeLoop()
        self.itself: list[tuple[str, str]] = []
        self.asking: Any = FakeAsking()
        loaded = type("Loaded", (), {"routes": [Route()]})()
        candidate = type("Candidate", (), {"loaded": loaded})()
        self.in_force: Any = type("InForce", (), {"capture": None, "candidate": candidate})()
        self.output = FakeOutput()
        parts = self.loop, self.asking, self.in_force, Messages(self.output), itself(self.itself)
        self.captures = Captures(*parts)

    def ask(self, command: str, **words: object) -> Any:
        return asked(self.captures.commands[command], **words)

    def comes(self, count: int, what: str = "asked") -> None:
        head = {"what": what, "line": "GET /", "fields": [("a", "b")]}
        self.captures.on_captured([dict(head) for _ in range(count)])

    def wait(self, seconds: float) -> None:
        """Let the timer go off as often as it is due."""
        until = self.time.time + seconds
        while self.time.time < until:
            timer = self.loop.timers[-1]
            self.time.advance(min(timer.seconds, until - self.time.time))
            timer.work()


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(FakeClock(monkeypatch))


def test_workers_are_told_and_later_ones_know_it(bench: Bench) -> None:
    found = bench.ask("capture", client="192.0.2.7", route="a.test", **{"for": 60})["capture"]
    assert (found["client"], found["by"], found["seconds_left"]) == ("192.0.2.7", "ann", 60)
    wanted = ("192.0.2.7", "a.test", clock.monotonic() + 60)
    assert bench.asking.told == [("capture", wanted)]
    assert bench.in_force.capture == wanted
    assert b"the heads of 192.0.2.7 are captured for 60s, begun by ann" in bench.output.lines
    assert bench.captures.told == found


def test_what_comes_is_read_behind_what_was_read(bench: Bench) -> None:
    bench.ask("capture", client="::1")
    bench.comes(2)
    first = bench.ask("captured")
    assert (len(first["heads"]), first["behind"]) == (2, 2)
    assert bench.ask("captured", behind=2)["heads"] == []
    bench.comes(1, "ended")
    again = bench.ask("captured", behind=2)
    assert ([each["what"] for each in again["heads"]], again["behind"]) == (["ended"], 3)
    assert again["capture"]["heads"] == 2


def test_there_is_one_at_a_time(bench: Bench) -> None:
    bench.ask("capture", client="::1")
    answer = bench.ask("capture", client="192.0.2.1")
    assert "::1 is captured already, begun by ann at " in answer["error"]
    assert bench.ask("capture-end")["capture"]["ended"] == "ann has ended it"
    assert (bench.asking.told[-1], bench.in_force.capture) == (("capture", None), None)
    assert bench.captures.told is None
    assert "error" not in bench.ask("capture", client="192.0.2.1")


def test_it_ends_by_its_time_while_it_is_read(bench: Bench) -> None:
    bench.ask("capture", client="::1")
    for _ in range(13):
        bench.wait(Captures.LONGEST / 12)
        answer = bench.ask("captured")
    assert answer["capture"]["ended"] == "its time is over"
    assert bench.asking.told[-1] == ("capture", None)
    assert b"captured no more: its time is over" in bench.output.lines
    assert bench.itself == [("capture-end", "the door: its time is over")]


def test_it_ends_when_nobody_reads_it_and_then_is_forgotten(bench: Bench) -> None:
    bench.ask("capture", client="::1")
    bench.comes(3)
    bench.wait(UNREAD + 6)
    assert b"captured no more: nobody reads it" in bench.output.lines
    assert bench.asking.told[-1] == ("capture", None)
    assert bench.captures._running is None
    assert "nothing is captured" in bench.ask("captured")["error"]


def test_one_that_has_ended_can_be_read_for_a_while(bench: Bench) -> None:
    bench.ask("capture", client="::1", **{"for": 1})
    bench.comes(3)
    bench.wait(2)
    answer = bench.ask("captured")
    assert (len(answer["heads"]), answer["capture"]["ended"]) == (3, "its time is over")
    bench.comes(3)
    assert bench.ask("captured", behind=3)["heads"] == []
    bench.wait(UNREAD + 6)
    assert "nothing is captured" in bench.ask("captured")["error"]


@pytest.mark.parametrize("long", [False, True])
def test_it_ends_when_it_is_full(bench: Bench, *, long: bool) -> None:
    bench.ask("capture", client="::1")
    if long:
        head = {"what": "asked", "line": "", "fields": [("a", "b" * 10_000)] * 10}
        for _ in range(60):
            bench.captures.on_captured([head])
    else:
        bench.comes(MOST_HEADS + 7)
    answer = bench.ask("captured")
    assert answer["capture"]["ended"] == "it is full"
    assert len(answer["heads"]) <= MOST_HEADS
    assert bench.asking.told[-1] == ("capture", None)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"client": "me"}, "is not the address of a client"),
        ({"client": "::1", "route": "b.test"}, "no route 'b.test'"),
        ({"client": "::1", "for": Captures.LONGEST + 1}, "10m at most"),
        ({"client": "::1", "for": 0}, "a number of seconds"),
        ({"client": "::1", "for": "1m"}, "a number of seconds"),
    ],
)
def test_words_of_no_use_begin_nothing(bench: Bench, words: dict[str, object], why: str) -> None:
    assert why in bench.ask("capture", **words)["error"]
    assert (bench.asking.told, bench.captures.told) == ([], None)


def test_a_client_by_a_unix_socket_and_one_that_is_spelled_in_another_way(bench: Bench) -> None:
    assert bench.ask("capture", client="unix")["capture"]["client"] == "unix"
    bench.ask("capture-end")
    found = bench.ask("capture", client="2001:DB8:0::1")["capture"]
    assert found["client"] == "2001:db8::1"
    assert "nothing is captured" in Bench(bench.time).ask("capture-end")["error"]


def test_a_worker_that_hangs_is_named(bench: Bench) -> None:
    bench.asking.tell = lambda word, data, then: then([Silent(7)])
    assert bench.ask("capture", client="192.0.2.1")["pending"] == [7]
    assert bench.ask("capture-end")["pending"] == [7]
