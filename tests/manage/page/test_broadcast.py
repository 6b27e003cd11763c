"""A picture a second for all pages that are open, and next to nothing while none is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from porch import clock
from porch.manage.admin.door import TIMEOUTS
from porch.manage.columns import COLUMNS
from porch.manage.page import broadcast as module
from porch.manage.page.broadcast import (
    EVERY,
    HISTORY,
    IDLE,
    LONGEST,
    MOST,
    PATIENCE,
    SHARE,
    STILL,
    Broadcast,
)
from porch.manage.page.drawing import NEVER, Drawing, Plan, Revision
from porch.manage.page.stream import Stream
from porch.manage.tables import Tables
from porch.observe.ended import Batch
from porch.observe.meter import Meter
from porch.shared import SharedTable
from tests.support.ended import ended
from tests.support.network import FakeClock, FakeLoop

PLAN = Plan(
    listeners=["127.0.0.1:80"],
    routes={"a.test": ("a.toml:1", "a:1", ["a.test"])},
    endpoints={},
    limits={},
    has_cache=False,
)


class Watched:
    """A broadcast in a loop of a clock turned by hand. answers: whether the supervisor does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock(monkeypatch)
        monkeypatch.setattr(clock, "cpu", lambda: self.cpu)
        self.cpu = 0.0
        self.costs = 0.0
        self.loop = FakeLoop(self.clock)
        self.tables = Tables.of(2, 1024)
        self.meter = Meter(self.tables.series.row(1))
        self.asked: list[Revision] = []
        self.revision = (1, 0)
        self.answers = True
        self.broadcast = Broadcast(self._ask, SharedTable(2, COLUMNS), self.tables)
        self.events: dict[Stream, list[tuple[str, Any]]] = {}
        self.loop.run(self.broadcast.start)

    def _ask(self, known: Revision) -> None:
        self.asked.append(known)
        if self.answers:
            self.loop.call_soon(self._tell, known)

    def _tell(self, known: Revision) -> None:
        plan = None if known == self.revision else PLAN
        now = {"version": "1", "etag": '"1-0"'}
        self.broadcast.on_drawing(Drawing(revision=self.revision, plan=plan, now=now, workers=[]))

    def open(self, *, reads: bool = True) -> Stream:
        """One more page, which reads."""
        stream = self.broadcast.stream()
        assert stream is not None
        events: list[tuple[str, Any]] = []
        self.events[stream] = events

        def show(data: bytes) -> bool:
            stream.is_behind = not reads
            if reads:
                for block in data.decode().split("\n\n")[:-1]:
                    name, value = block.split("\n")
                    events.append((name[7:], json.loads(value[6:])))
            return reads

        stream_any: Any = _Shown(stream, show)
        self.broadcast._streams[-1] = stream_any
        self.loop.run(lambda: self.broadcast._catch_up(stream_any))
        self.events[stream_any] = events
        return stream_any

    def wait(self, seconds: float, step: float = 0.5) -> None:
        until = self.clock.time + seconds
        while self.clock.time < until:
            self.clock.advance(step)
            self.loop.run(lambda: None)

    def end(self, count: int) -> None:
        self.meter.take(Batch([ended(route="a.test", endpoint="a:1") for _ in range(count)]))
        self.meter.flush()


class _Shown:
    """A stream whose client is the test."""

    def __init__(self, stream: Stream, show: Any) -> None:
        self._stream = stream
        self.show = self.mention = show
        self.has = NEVER

    def close(self, broadcast: Broadcast) -> None:
        broadcast._on_gone(self)  # type: ignore[arg-type]


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    made = Watched(monkeypatch)
    yield made
    assert made.loop.problems == []
    made.loop.close()


def test_who_opens_a_page_gets_the_plan_and_a_picture_at_once_and_then_one_a_second(
    watched: Watched,
) -> None:
    stream = watched.open()
    assert [name for name, _ in watched.events[stream]] == ["plan", "picture"]
    watched.end(4)
    watched.wait(EVERY)
    assert [name for name, _ in watched.events[stream]] == ["plan", "picture", "picture"]
    picture = watched.events[stream][-1][1]
    assert picture["all"][1] == 4.0
    assert picture["now"] == {"version": "1", "etag": '"1-0"'}
    assert not picture["silent"]
    assert watched.asked == [NEVER, watched.revision]


def test_a_second_page_gets_the_same_without_another_being_made(watched: Watched) -> None:
    watched.open()
    second = watched.open()
    assert [name for name, _ in watched.events[second]] == ["plan", "picture"]
    assert len(watched.asked) == 1


def test_another_configuration_is_told_to_every_page_once(watched: Watched) -> None:
    stream = watched.open()
    watched.revision = (2, 0)
    watched.wait(3 * EVERY)
    names = [name for name, _ in watched.events[stream]]
    assert names == ["plan", "picture", "plan", "picture", "picture", "picture"]


def test_while_the_supervisor_is_silent_pictures_come_and_say_so(watched: Watched) -> None:
    stream = watched.open()
    watched.answers = False
    watched.wait(EVERY + PATIENCE)
    name, picture = watched.events[stream][-1]
    assert (name, picture["silent"], picture["now"]) == (
        "picture",
        True,
        {"version": "1", "etag": '"1-0"'},
    )


def test_what_costs_much_comes_less_often(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = module.Lately.look

    def slow(self: Any) -> None:
        watched.cpu += watched.costs
        look(self)

    monkeypatch.setattr(module.Lately, "look", slow)
    watched.costs = SHARE * 3.0
    watched.open()
    assert watched.broadcast.pause == pytest.approx(3.0)
    asked = len(watched.asked)
    watched.wait(6.0)
    assert len(watched.asked) == asked + 2
    watched.costs = 60.0
    watched.wait(3.0)
    assert watched.broadcast.pause == LONGEST


def test_a_page_is_told_when_the_next_picture_comes_and_never_hears_nothing_for_long(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(self: Any) -> None:
        watched.cpu += SHARE * 20.0

    monkeypatch.setattr(module.Lately, "look", slow)
    stream = watched.open()
    found = watched.events[stream]
    assert found[-1] == ("next", 20.0)
    assert STILL == 7.0
    watched.wait(19.5)
    assert found[2:] == [("next", 20.0), ("next", 13.0), ("next", 6.0)]
    watched.wait(1.0)
    assert found[-1][0] == "picture"
    assert found[-1][1]["pause"] == pytest.approx(20.0)


def test_with_no_page_open_only_points_are_taken_and_a_page_begins_with_them(
    watched: Watched,
) -> None:
    watched.wait(IDLE)
    watched.end(10)
    watched.wait(2 * IDLE)
    assert watched.asked == []
    stream = watched.open()
    points = watched.events[stream][0][1]["points"]
    assert [each[1] for each in points][:2] == [1.0, 0.0]


def test_points_are_forgotten_in_time(watched: Watched) -> None:
    watched.wait(2 * HISTORY, step=IDLE)
    stream = watched.open()
    points = watched.events[stream][0][1]["points"]
    assert HISTORY / IDLE - 1 <= len(points) <= HISTORY / IDLE + 2


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
def test_when_the_clock_jumps_no_point_is_of_another_time(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    watched.wait(5 * IDLE)
    wall = clock.wall
    monkeypatch.setattr(clock, "wall", lambda: wall() + jump)
    watched.wait(3 * IDLE)
    stream = watched.open()
    times = [each[0] for each in watched.events[stream][0][1]["points"]]
    assert times == sorted(times)
    assert len(times) >= 3
    assert all(abs(at - clock.wall()) <= HISTORY for at in times)


def test_when_the_last_page_is_closed_nobody_is_asked_any_more(watched: Watched) -> None:
    stream: Any = watched.open()
    stream.close(watched.broadcast)
    asked = len(watched.asked)
    watched.wait(5 * IDLE)
    assert len(watched.asked) == asked
    again = watched.open()
    assert [name for name, _ in watched.events[again]] == ["plan", "picture"]


def test_there_are_so_many_pages_at_most(watched: Watched) -> None:
    for _ in range(MOST):
        assert watched.broadcast.stream() is not None
    assert watched.broadcast.stream() is None
    assert watched.broadcast.open == MOST


def test_one_that_does_not_read_is_told_the_plan_when_it_does(watched: Watched) -> None:
    stream = watched.open(reads=False)
    watched.wait(5.0)
    assert watched.events[stream] == []
    assert stream.has == NEVER


def test_whatever_is_wrong_with_one_picture_there_is_the_next(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = watched.open()
    look = module.Lately.look

    def broken(self: Any) -> None:
        raise ValueError("a line is torn")

    monkeypatch.setattr(module.Lately, "look", broken)
    watched.wait(EVERY)
    assert len(watched.loop.problems) == 1
    watched.loop.problems.clear()
    monkeypatch.setattr(module.Lately, "look", look)
    count = len(watched.events[stream])
    watched.wait(2 * EVERY)
    assert len(watched.events[stream]) > count


def test_when_the_door_is_gone_an_answer_that_was_under_way_begins_nothing(
    watched: Watched,
) -> None:
    watched.answers = False
    watched.open()
    watched.wait(EVERY)
    assert watched.asked
    watched.broadcast.stop()
    asked = len(watched.asked)
    watched._tell(NEVER)
    watched.wait(3 * IDLE)
    assert len(watched.asked) == asked


def test_the_longest_silence_is_below_the_one_that_ends_the_stream() -> None:
    assert TIMEOUTS.idle > STILL + PATIENCE


def test_a_revision_that_pages_do_not_show_has_the_next_picture_come_soon(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(self: Any) -> None:
        watched.cpu += SHARE * 20.0

    monkeypatch.setattr(module.Lately, "look", slow)
    watched.open()
    watched.wait(25.0)
    assert watched.broadcast.pause == pytest.approx(20.0)
    asked = len(watched.asked)
    watched.loop.run(lambda: watched.broadcast.on_revision('"1-0"'))
    watched.wait(EVERY)
    assert len(watched.asked) == asked, "that is what they show"
    for _ in range(3):
        watched.loop.run(lambda: watched.broadcast.on_revision('"1-1"'))
    watched.wait(EVERY)
    assert len(watched.asked) == asked + 1
