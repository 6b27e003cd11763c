"""Descriptors, signals and times, each when it is due."""

import os
import signal
from collections.abc import Iterator

import pytest

from porch.manage.channel import Channel
from porch.manage.loop import Loop


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    made.after(20, made.stop)  # a test that waits in vain ends
    yield made
    made.close()


def test_timers_run_in_their_order_and_cancelled_ones_never(loop: Loop) -> None:
    done: list[str] = []
    loop.after(0.02, lambda: done.append("second"))
    loop.after(0.01, lambda: done.append("first"))
    loop.after(0.015, lambda: done.append("never")).cancel()
    loop.after(0.03, loop.stop)
    loop.run()
    assert done == ["first", "second"]


def test_a_stop_that_came_first_ends_the_run_before_it_waits(loop: Loop) -> None:
    done: list[str] = []
    loop.after(0, lambda: done.append("next time"))
    loop.stop()
    loop.run()
    assert done == []
    loop.after(0.001, loop.stop)
    loop.run()
    assert done == ["next time"]


def test_a_burst_of_signals_is_heard_at_least_once_and_in_the_loop(loop: Loop) -> None:
    heard: list[int] = []

    def hear() -> None:
        heard.append(1)
        loop.stop()

    loop.on_signal(signal.SIGUSR1, hear)
    loop.after(0, lambda: [os.kill(os.getpid(), signal.SIGUSR1) for _ in range(500)] and None)
    loop.run()
    assert 1 <= len(heard) <= 500


def test_what_can_be_read_is_told_until_it_is_forgotten(loop: Loop) -> None:
    one, other = Channel.pair()
    found: list[str] = []

    def read() -> None:
        found.extend(each.word for each in other.receive())
        loop.forget(other)
        loop.stop()

    loop.on_readable(other, read)
    loop.after(0, lambda: one.send("hello"))
    loop.run()
    assert found == ["hello"]
    one.close()
    other.close()


def test_writing_and_reading_are_told_apart(loop: Loop) -> None:
    one, other = Channel.pair()
    told: list[str] = []
    loop.on_readable(one, lambda: told.append("read"))

    def write() -> None:
        told.append("write")
        loop.on_writable(one, None)
        loop.stop()

    loop.on_writable(one, write)
    loop.run()
    assert told == ["write"]
    loop.forget(one)
    one.close()
    other.close()


def test_its_end_gives_the_signals_back() -> None:
    before = signal.getsignal(signal.SIGUSR2)
    loop = Loop()
    loop.on_signal(signal.SIGUSR2, lambda: None)
    loop.close()
    assert signal.getsignal(signal.SIGUSR2) is before


def test_a_fault_is_told_and_the_loop_goes_on(loop: Loop) -> None:
    told: list[str] = []
    loop.on_fault = lambda error: told.append(str(error))

    def fail(text: str) -> None:
        raise ValueError(text)

    loop.after(0, lambda: fail("timer"))
    loop.on_signal(signal.SIGUSR1, lambda: fail("signal"))
    loop.soon(lambda: fail("long"))
    loop.after(0.01, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    loop.after(0.05, loop.stop)
    loop.run()
    assert sorted(told) == ["long", "signal", "timer"]


def test_of_what_is_called_at_once_a_fault_is_told_and_what_comes_next_goes_on(loop: Loop) -> None:
    told: list[str] = []
    with pytest.raises(ValueError, match="not in list"):
        loop.call(lambda: told.remove("none"))
    loop.on_fault = lambda error: told.append(type(error).__name__)
    loop.call(lambda: told.remove("none"))
    assert told == ["ValueError"]


def test_without_anybody_to_tell_a_fault_comes_out(loop: Loop) -> None:
    loop.after(0, lambda: [][0])
    with pytest.raises(IndexError):
        loop.run()
