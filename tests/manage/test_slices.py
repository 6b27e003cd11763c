"""A long piece of work in slices: to its end, cut short, in trouble."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator

import pytest

from porch.config.steps import Steps
from porch.manage.slices import SLICE, Slices
from tests.support.network import FakeClock


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeClock]:
    yield FakeClock(monkeypatch)
    gc.enable()
    gc.unfreeze()


class Work:
    """Steps of which each takes longer than a slice. done: as many as were taken."""

    def __init__(self, clock: FakeClock, steps: int, fault: Exception | None = None) -> None:
        self._clock = clock
        self._steps = steps
        self._fault = fault
        self.done = 0
        self.given_back = False

    def steps(self) -> Steps[None]:
        try:
            for _ in range(self._steps):
                self._clock.advance(2 * SLICE)
                self.done += 1
                yield
            if self._fault is not None:
                raise self._fault
        finally:
            self.given_back = True


def run(then: Callable[[Slices, list[Exception]], Awaitable[None]]) -> list[Exception]:
    faults: list[Exception] = []

    async def main() -> None:
        await then(Slices(faults.append), faults)

    asyncio.run(main())
    return faults


def test_each_turn_of_the_loop_has_one_slice_and_the_collector_rests(clock: FakeClock) -> None:
    work = Work(clock, 3)

    async def then(slices: Slices, faults: list[Exception]) -> None:
        slices.begin(work.steps())
        assert repr(slices) == "<Slices under way>"
        for turn in range(1, 4):
            assert (work.done, gc.isenabled()) == (turn, False)
            await asyncio.sleep(0)
        assert (work.given_back, gc.isenabled()) == (True, True)
        assert repr(slices) == "<Slices at rest>"

    assert run(then) == []


def test_what_is_stopped_gives_back_and_goes_no_further(clock: FakeClock) -> None:
    work, other = Work(clock, 3), Work(clock, 2)

    async def then(slices: Slices, faults: list[Exception]) -> None:
        slices.begin(work.steps())
        slices.begin(other.steps())
        assert (work.done, work.given_back) == (1, True)
        slices.stop()
        slices.stop()
        await asyncio.sleep(0.001)
        assert (other.done, other.given_back, gc.isenabled()) == (1, True, True)

    assert run(then) == []


@pytest.mark.parametrize("steps", [0, 2])
def test_what_raises_is_told_once_and_the_collector_works_again(
    clock: FakeClock, steps: int
) -> None:
    fault = OSError("no more descriptors")
    work = Work(clock, steps, fault)

    async def then(slices: Slices, faults: list[Exception]) -> None:
        slices.begin(work.steps())
        for _ in range(4):
            await asyncio.sleep(0)
        assert (work.given_back, gc.isenabled()) == (True, True)
        assert repr(slices) == "<Slices at rest>"

    assert run(then) == [fault]


def test_what_is_let_go_of_is_not_cut_short_by_what_begins(clock: FakeClock) -> None:
    over, work = Work(clock, 3), Work(clock, 1)

    async def then(slices: Slices, faults: list[Exception]) -> None:
        slices.clean_up(over.steps())
        slices.begin(work.steps())
        slices.stop()
        for _ in range(4):
            await asyncio.sleep(0)
        assert over.done == 3

    assert run(then) == []
