"""Who decides: in a loop, with real threads; what is asked and got are fakes."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from porch import clock
from porch.certs.brakes import Brakes
from porch.manage.certs import deciding
from porch.manage.certs.deciding import AT_ONCE, Deciding, Got
from tests.manage.conftest import until


class World:
    """The operator's answer, the authority, and who hears of it.

    asked, got: names, in their order. most: questions at once. may_answer, may_get: unset, and
    nothing comes. rests: names that have to wait.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.got: list[str] = []
        self.rests: dict[str, float] = {}
        self.most = self._now = 0
        self.may_answer, self.may_get = threading.Event(), threading.Event()
        self.may_answer.set()
        self.may_get.set()
        self.heard: list[tuple[str, float]] = []
        self.said: list[str] = []
        self.brakes = Brakes()
        self._lock = threading.Lock()

    def make(self) -> Deciding:
        return Deciding(self.ask, self, self, self.brakes)

    def ask(self, name: str, client: str) -> bool:
        with self._lock:
            self.asked.append(name)
            self._now += 1
            self.most = max(self.most, self._now)
        self.may_answer.wait(10)
        with self._lock:
            self._now -= 1
        if name.startswith("raises"):
            raise LookupError("no database")
        if name.startswith("exits"):
            raise SystemExit
        return name.startswith("yes")

    def rest(self, name: str) -> float:
        return self.rests.get(name, 0.0)

    def get(self, name: str) -> Got:
        self.got.append(name)
        self.may_get.wait(10)
        if "fault" in name:
            raise ZeroDivisionError
        if "bad" in name:
            return Got(False, 60.0, "the CA says no")
        return Got(True, 0.0, f"{name} has one")

    def certified(self, name: str) -> None:
        self.heard.append((name, 0.0))

    def denied(self, name: str, seconds: float) -> None:
        self.heard.append((name, seconds))

    def say(self, text: str) -> None:
        self.said.append(text)


def run(then: Callable[[World, Deciding], Awaitable[None]]) -> World:
    world = World()

    async def main() -> None:
        await then(world, world.make())
        world.may_answer.set()
        world.may_get.set()

    asyncio.run(main())
    return world


def test_a_yes_is_got_and_a_no_is_not() -> None:
    async def then(world: World, one: Deciding) -> None:
        one.demand("yes.example", "")
        await until(lambda: len(world.heard) == 1)
        one.demand("no.example", "")
        await until(lambda: len(world.heard) == 2)

    world = run(then)
    assert world.heard == [("yes.example", 0.0), ("no.example", 300.0)]
    assert (world.got, world.said) == (["yes.example"], ["yes.example has one"])


def test_one_name_is_asked_and_got_once_however_often_it_is_wanted() -> None:
    async def then(world: World, one: Deciding) -> None:
        world.may_answer.clear()
        world.may_get.clear()
        for _ in range(10):
            one.demand("yes.example", "")
        await until(lambda: world.asked)
        world.may_answer.set()
        await until(lambda: world.got)
        one.demand("yes.example", "")
        world.may_get.set()
        await until(lambda: world.heard)

    world = run(then)
    assert (world.asked, world.got) == (["yes.example"], ["yes.example"])


def test_what_was_answered_is_not_asked_again() -> None:
    async def then(world: World, one: Deciding) -> None:
        for name in ("no.example", "no.example", "yes.example", "yes.example"):
            before = len(world.heard)
            one.demand(name, "")
            await until(lambda before=before: len(world.heard) > before)

    world = run(then)
    assert world.asked == ["no.example", "yes.example"]
    assert world.got == ["yes.example"] * 2  # whether it is time is the issuer's to say
    assert 299 < world.heard[1][1] <= 300


def test_what_raises_is_a_no_that_is_told_once() -> None:
    async def then(world: World, one: Deciding) -> None:
        for name in ("raises.example", "exits.example", "raises2.example"):
            one.demand(name, "")
        await until(lambda: len(world.heard) == 3)

    world = run(then)
    assert {seconds for _, seconds in world.heard} == {300.0}
    (said,) = world.said
    assert "which is taken for a no" in said


def test_a_name_that_has_failed_is_not_even_asked_for_before_its_time() -> None:
    async def then(world: World, one: Deciding) -> None:
        world.rests["yes.example"] = 50.0
        one.demand("yes.example", "")
        await until(lambda: world.heard)

    world = run(then)
    assert (world.asked, world.got, world.heard) == ([], [], [("yes.example", 50.0)])


def test_an_order_that_fails_is_told_and_waits() -> None:
    async def then(world: World, one: Deciding) -> None:
        one.demand("yes.bad.example", "")
        await until(lambda: len(world.heard) == 1)
        one.demand("yes.fault.example", "")
        await until(lambda: len(world.heard) == 2)

    world = run(then)
    assert world.heard == [("yes.bad.example", 60.0), ("yes.fault.example", 300.0)]
    assert world.said == [
        "no certificate for yes.bad.example: the CA says no",
        "no certificate for yes.fault.example: ZeroDivisionError: ",
    ]


def test_at_most_32_are_asked_at_once_and_the_others_wait() -> None:
    async def then(world: World, one: Deciding) -> None:
        world.may_answer.clear()
        for number in range(100):
            one.demand(f"no{number}.example", "")
        await until(lambda: len(world.asked) == AT_ONCE)
        assert world.heard == []
        world.may_answer.set()
        await until(lambda: len(world.heard) == 100)

    assert run(then).most == AT_ONCE == 32


def test_who_waits_no_more_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def then(world: World, one: Deciding) -> None:
        world.may_answer.clear()
        for number in range(AT_ONCE + 2):
            one.demand(f"no{number}.example", "")
        await until(lambda: len(world.asked) == AT_ONCE)
        now = clock.monotonic()
        monkeypatch.setattr(clock, "monotonic", lambda: now + 6)
        one.demand(f"no{AT_ONCE}.example", "")  # a client still waits for this
        world.may_answer.set()
        await until(lambda: len(world.heard) == AT_ONCE + 1)

    assert f"no{AT_ONCE + 1}.example" not in run(then).asked


def test_those_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "MOST", 3)

    async def then(world: World, one: Deciding) -> None:
        world.may_answer.clear()
        for number in range(AT_ONCE + 9):
            one.demand(f"no{number}.example", "")
        world.may_answer.set()
        await until(lambda: len(world.heard) == AT_ONCE + 3)

    run(then)


def test_one_that_hangs_is_a_no_and_keeps_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "SECONDS", 0.01)

    async def then(world: World, one: Deciding) -> None:
        world.may_answer.clear()
        for number in range(AT_ONCE):
            one.demand(f"yes{number}.example", "")
        await until(lambda: len(world.heard) == AT_ONCE)
        assert {seconds for _, seconds in world.heard} == {300.0}
        one.demand("yes.example", "")  # nobody could ask for it
        await until(lambda: len(world.heard) == AT_ONCE + 1)
        assert world.heard[-1] == ("yes.example", deciding.SOON)
        world.may_answer.set()
        await until(lambda: not one._threads)
        monkeypatch.setattr(deciding, "SECONDS", 10.0)
        one.demand("yes.example", "")
        await until(lambda: len(world.heard) == AT_ONCE + 2)

    world = run(then)
    assert world.got == ["yes.example"]  # a yes that comes late is none
    assert len(world.asked) == AT_ONCE + 1
    assert [said.split(":")[0] for said in world.said[:2]] == [
        "acme.on_demand took more than 0 s for yes0.example, which is taken for a no; answer"
        " from what is at hand, for a client waits",
        "acme.on_demand",
    ]


def test_after_the_end_no_answer_is_heeded_and_orders_come_to_theirs() -> None:
    async def then(world: World, one: Deciding) -> None:
        world.may_get.clear()
        one.demand("yes.example", "")
        await until(lambda: world.got)
        world.may_answer.clear()
        for name in ("yes2.example", "no.example"):
            one.demand(name, "")
        await until(lambda: len(world.asked) == 3)
        one.close()
        world.may_answer.set()
        await until(lambda: not one._threads)
        world.may_get.set()
        await until(lambda: world.heard)

    world = run(then)
    assert (world.heard, world.got) == ([("yes.example", 0.0)], ["yes.example"])


def test_the_brakes_stop_what_is_too_much_and_that_is_told_once() -> None:
    async def then(world: World, one: Deciding) -> None:
        for number in range(13):
            one.demand(f"yes.shop{number}.example", "")
        await until(lambda: len(world.heard) == 13)
        one.demand("yes.late.example", "")
        await until(lambda: len(world.heard) == 14)
        assert "yes.late.example" not in world.asked

    world = run(then)
    assert len(world.got) == 10
    assert sum(seconds > 50 for _, seconds in world.heard) == 4
    (said,) = [each for each in world.said if "enough" in each]
    assert said.startswith("certificates on demand: 10 certificates within a minute are enough")


def test_without_a_thread_it_is_tried_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    async def then(world: World, one: Deciding) -> None:
        monkeypatch.setattr(threading, "Thread", refuse)
        one.demand("yes.example", "")
        assert world.heard == [("yes.example", deciding.SOON)]
        monkeypatch.undo()
        one.demand("yes.example", "")
        await until(lambda: len(world.heard) == 2)

    assert run(then).got == ["yes.example"]
