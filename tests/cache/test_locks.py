"""One of all workers asks the origin for a key."""

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from porch.cache.locks import Locks
from tests.support.storing import key


@pytest.fixture
def descriptor() -> Iterator[int]:
    made = Locks.make()
    yield made
    os.close(made)


class Other:
    """A process that does something with its own locks and then waits to be killed."""

    def __init__(self, descriptor: int, work: Callable[[Locks], bool]) -> None:
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.write(writing, b"%d" % work(Locks(descriptor)))
                signal.pause()
            finally:
                os._exit(1)
        os.close(writing)
        self.said = os.read(reading, 1) == b"1"
        os.close(reading)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def test_one_of_all_workers_has_a_key_until_it_dies(descriptor: int) -> None:
    locks = Locks(descriptor)
    other = Other(descriptor, lambda theirs: theirs.claim(key("a")))
    try:
        assert other.said
        assert locks.is_held(key("a"))
        assert not locks.claim(key("a"))
        assert locks.claim(key("b"))
    finally:
        other.kill()
    assert not locks.is_held(key("a"))
    assert locks.claim(key("a"))


def test_what_is_claimed_here_is_held_there(descriptor: int) -> None:
    locks = Locks(descriptor)
    assert locks.claim(key("a"))
    for work in (
        lambda theirs: theirs.is_held(key("a")),
        lambda theirs: not theirs.claim(key("a")),
    ):
        other = Other(descriptor, work)
        other.kill()
        assert other.said


def test_a_key_is_claimed_once_in_one_process(descriptor: int) -> None:
    locks = Locks(descriptor)
    assert locks.claim(key("a"))
    assert not locks.claim(key("a"))
    assert locks.is_held(key("a"))
    locks.release(key("a"))
    assert not locks.is_held(key("a"))
    assert locks.claim(key("a"))


def test_a_released_key_is_free_for_others(descriptor: int) -> None:
    locks = Locks(descriptor)
    locks.claim(key("a"))
    locks.claim(key("b"))
    locks.release(key("a"))
    other = Other(descriptor, lambda theirs: theirs.claim(key("a")) and not theirs.claim(key("b")))
    other.kill()
    assert other.said


def test_releasing_what_another_has_does_nothing(descriptor: int) -> None:
    other = Other(descriptor, lambda theirs: theirs.claim(key("a")))
    locks = Locks(descriptor)
    locks.release(key("a"))
    assert not locks.claim(key("a"))
    other.kill()


def test_neighbours_are_apart(descriptor: int) -> None:
    locks = Locks(descriptor)
    first, second = (4).to_bytes(8, "little") * 2, (8).to_bytes(8, "little") * 2
    highest = b"\xff" * 16
    assert [locks.claim(each) for each in (first, second, highest)] == [True] * 3
    locks.release(first)
    assert [locks.is_held(each) for each in (first, second, highest)] == [False, True, True]


def test_a_thousand_keys_are_held_at_once(descriptor: int) -> None:
    locks = Locks(descriptor)
    assert all([locks.claim(key(number)) for number in range(1000)])
    other = Other(descriptor, lambda theirs: all(theirs.is_held(key(n)) for n in range(1000)))
    other.kill()
    assert other.said
