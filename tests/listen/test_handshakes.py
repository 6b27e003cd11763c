"""Handshakes under way: their bounds in time, number and turns."""

import asyncio
from itertools import pairwise

import pytest

from porch import clock
from porch.clock import INFINITY, Deadlines
from porch.listen import handshakes as module
from porch.listen.handshakes import A_TURN, SECONDS, Handshakes
from tests.listen.conftest import Run


class FakeHandshake:
    """Takes notes."""

    def __init__(self) -> None:
        self.deadline = INFINITY
        self.ended = False

    def on_deadline(self) -> None:
        self.ended = True

    def announce(self) -> None: ...

    def drain(self) -> None: ...

    def close_now(self) -> None: ...

    def give_way(self) -> None:
        self.ended = True


def made() -> tuple[Handshakes, set[object], Deadlines]:
    sessions: set[object] = set()
    deadlines = Deadlines()
    return Handshakes(sessions, deadlines), sessions, deadlines


def test_one_under_way_is_a_session_and_has_a_deadline() -> None:
    handshakes, sessions, deadlines = made()
    one = FakeHandshake()
    handshakes.begin(one)
    assert (sessions, len(deadlines), len(handshakes)) == ({one}, 1, 1)
    assert one.deadline == clock.now + SECONDS
    handshakes.end(one)
    handshakes.end(one)
    assert (sessions, len(deadlines), len(handshakes)) == (set(), 0, 0)


def test_beyond_the_most_the_one_that_waited_longest_gives_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    handshakes, _, _ = made()
    all_of_them = [FakeHandshake() for _ in range(4)]
    for each in all_of_them:
        handshakes.begin(each)
    assert [each.ended for each in all_of_them] == [True, False, False, False]


def test_a_few_are_worked_on_in_one_turn_and_all_in_their_order(run: Run) -> None:
    async def main() -> None:
        handshakes, _, _ = made()
        done: list[int] = []
        for number in range(2 * A_TURN + 1):
            handshakes.work(lambda number=number: done.append(number))  # type: ignore[misc]
        turns = [len(done)]
        while len(done) < 2 * A_TURN + 1:
            await asyncio.sleep(0)
            turns.append(len(done))
        assert max(later - before for before, later in pairwise(turns)) <= A_TURN
        assert turns[0] == A_TURN
        assert done == [*range(2 * A_TURN + 1)]

    run(main())


def test_a_turn_later_there_is_room_again(run: Run) -> None:
    async def main() -> None:
        handshakes, _, _ = made()
        done: list[int] = []
        for number in range(20):
            handshakes.work(lambda number=number: done.append(number))  # type: ignore[misc]
            assert len(done) == number + 1, "at once"
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    run(main())


def test_one_that_fails_does_not_keep_the_others_waiting(run: Run) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        handshakes, _, _ = made()
        done: list[int] = []
        for _ in range(A_TURN):
            handshakes.work(lambda: None)
        handshakes.work(broken)
        for number in range(3 * A_TURN):
            handshakes.work(lambda number=number: done.append(number))  # type: ignore[misc]
        for _ in range(10):
            await asyncio.sleep(0)
        assert done == [*range(3 * A_TURN)]

    run(main())
