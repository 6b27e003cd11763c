"""Many readers of one body."""

from collections.abc import Callable
from typing import Any

from porch.cache.spread import AT_ONCE, Spread


class FakeReader:
    """Sends `size` bytes each time."""

    def __init__(self, size: int = 1) -> None:
        self.size = size
        self.pumps = 0

    def pump(self) -> int:
        self.pumps += 1
        return self.size


class FakeLoop:
    def __init__(self) -> None:
        self.calls: list[Callable[[], object]] = []

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        assert seconds == 0.0
        self.calls.append(call)

    def turn(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


def spread(readers: Any) -> tuple[Spread, FakeLoop]:
    loop = FakeLoop()
    return Spread(readers, loop.later), loop


def test_little_goes_to_all_at_once() -> None:
    readers = {FakeReader() for _ in range(1000)}
    made, loop = spread(readers)
    made.go()
    assert {each.pumps for each in readers} == {1}
    assert not loop.calls


def test_much_goes_in_turns() -> None:
    readers = {FakeReader(AT_ONCE // 4) for _ in range(10)}
    made, loop = spread(readers)
    made.go()
    assert sum(each.pumps for each in readers) == 4
    loop.turn()
    assert sum(each.pumps for each in readers) == 8
    loop.turn()
    assert {each.pumps for each in readers} == {1}
    assert not loop.calls


def test_what_comes_meanwhile_goes_to_those_who_had_their_turn_too() -> None:
    readers = {FakeReader(AT_ONCE) for _ in range(3)}
    made, loop = spread(readers)
    made.go()
    made.go()
    made.go()
    assert len(loop.calls) == 1, "one at a time"
    for _ in range(10):
        loop.turn()
    assert {each.pumps for each in readers} == {2}
    assert not loop.calls


def test_who_has_left_meanwhile_has_no_further_turn() -> None:
    readers = {FakeReader(AT_ONCE) for _ in range(3)}
    made, loop = spread(readers)
    made.go()
    made.go()
    gone = next(iter(readers))
    readers.discard(gone)
    for _ in range(10):
        loop.turn()
    assert gone.pumps <= 1
    assert {each.pumps for each in readers} == {2}
