"""Work beside the loop: a real thread, and what the kernel says of its priority."""

import gc
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from porch.manage.errand import NICE, Errand
from porch.manage.loop import Loop


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    made.after(20, made.stop)  # a test that waits in vain ends
    yield made
    made.close()


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_it_gives_way_to_others_and_leaves_the_loops_own_thread_as_it_is(loop: Loop) -> None:
    outcomes: list[int] = []
    before = niceness()

    def on_end(outcome: "Future[int]") -> None:
        outcomes.append(outcome.result())
        assert threading.current_thread() is threading.main_thread()
        loop.stop()

    Errand(loop, niceness, on_end)
    loop.run()
    assert outcomes == [NICE]
    assert niceness() == before
    assert gc.isenabled()


def test_the_loop_goes_on_meanwhile_and_the_thread_is_gone_at_its_end(loop: Loop) -> None:
    may_end = threading.Event()
    loop.after(0.01, may_end.set)

    def on_end(_: "Future[bool]") -> None:
        assert threading.active_count() == before
        loop.stop()

    before = threading.active_count()
    Errand(loop, lambda: may_end.wait(10), on_end)
    loop.run()
    assert may_end.is_set()


def test_an_error_is_the_outcome(loop: Loop) -> None:
    outcomes: list[BaseException | None] = []

    def fail() -> int:
        raise ValueError("no such thing")

    def on_end(outcome: "Future[int]") -> None:
        outcomes.append(outcome.exception())
        loop.stop()

    Errand(loop, fail, on_end)
    loop.run()
    assert [str(each) for each in outcomes] == ["no such thing"]


def test_who_may_not_be_nice_goes_on_without(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)
    outcomes: list[int] = []

    def on_end(outcome: "Future[int]") -> None:
        outcomes.append(outcome.result())
        loop.stop()

    Errand(loop, lambda: 7, on_end)
    loop.run()
    assert outcomes == [7]
