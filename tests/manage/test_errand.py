"""Work that gives way, with a real timer and a real loop."""

import gc
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from porch.manage.errand import LONGEST_PAUSE, Errand
from porch.manage.loop import Loop
from porch.manage.queueing import Queueing

pytestmark = pytest.mark.timeout(60, method="thread")  # the other method has this timer too


class Recording(Loop):
    """Notes how long it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[float] = []

    def turns(self, seconds: float) -> None:
        self.given.append(seconds)
        super().turns(0)


@pytest.fixture
def loop() -> Iterator[Recording]:
    made = Recording()
    made.after(20, made.stop)  # a test that waits in vain ends
    yield made
    made.close()


def busy(seconds: float) -> float:
    """Use a core for that long, whatever else it is given to."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
    return seconds


def run(loop: Loop, seconds: float) -> None:
    def on_end(outcome: "Future[float]") -> None:
        assert outcome.result() == seconds
        loop.stop()

    Errand(loop, lambda: busy(seconds), on_end)
    loop.run()


def is_as_before() -> bool:
    timer = signal.getitimer(signal.ITIMER_REAL)
    return (
        timer == (0.0, 0.0)
        and gc.isenabled()
        and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    )


def test_the_loop_does_what_is_due_while_the_work_runs(loop: Recording) -> None:
    done: list[str] = []

    def work() -> float:
        busy(0.05)
        done.append("work")
        return 0.0

    def on_end(_: "Future[float]") -> None:
        done.append("end")
        loop.stop()

    loop.after(0.001, lambda: done.append("timer"))
    loop.on_signal(signal.SIGUSR1, lambda: done.append("signal"))
    loop.after(0.002, lambda: signal.raise_signal(signal.SIGUSR1))
    Errand(loop, work, on_end)
    loop.run()
    assert done == ["timer", "signal", "work", "end"]
    assert is_as_before()


def test_who_waits_for_the_core_gives_long_pauses(
    loop: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Queueing, "waited", lambda _: 1.0)
    run(loop, 0.02)
    assert set(loop.given) == {LONGEST_PAUSE}


def test_a_free_core_is_used_whole_after_a_while(
    loop: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Queueing, "waited", lambda _: 0.0)
    run(loop, 0.05)
    eased = loop.given.index(0.0)
    assert eased < 25
    assert loop.given[:eased] == sorted(loop.given[:eased], reverse=True)
    assert set(loop.given[eased:]) == {0.0}


def test_an_error_is_the_outcome(loop: Recording) -> None:
    outcomes: list[str] = []

    def fail() -> float:
        busy(0.01)
        raise ValueError("no such thing")

    def on_end(outcome: "Future[float]") -> None:
        outcomes.append(str(outcome.exception()))
        loop.stop()

    Errand(loop, fail, on_end)
    loop.run()
    assert outcomes == ["no such thing"]
    assert is_as_before()


def test_a_stop_ends_the_work_where_it_is(loop: Recording) -> None:
    ended: list[object] = []

    def work() -> None:
        try:
            busy(10)
        except Exception:  # of which the end of the loop is none
            ended.append("caught")

    loop.after(0.01, loop.stop)
    Errand(loop, work, ended.append)
    began = time.monotonic()
    loop.run()
    assert time.monotonic() - began < 5
    assert ended == []
    assert is_as_before()


def test_a_signal_that_comes_with_the_last_step_arms_no_timer(loop: Recording) -> None:
    ends: list[object] = []
    errand = Errand(loop, lambda: 0, lambda outcome: (ends.append(outcome), loop.stop())[0])
    loop.run()
    errand._give_way(signal.SIGALRM, None)
    assert len(ends) == 1
    assert is_as_before()
