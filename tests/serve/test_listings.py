"""Listings that a worker makes for many."""

from collections.abc import Callable, Generator
from typing import Any, cast

import pytest

from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Kept, Response, Suspend
from porch.http.message import RequestHead
from porch.reader import LITTLE, Reader
from porch.serve import listings as module
from porch.serve.file_errors import FileUnreadable, NoFile
from porch.serve.listings import AT_ONCE, Listings

LARGE = bytes(LITTLE + 1)


class Door:
    """What is to be called later, and when."""

    own_fields = ()

    def __init__(self) -> None:
        self.calls: list[tuple[float, Callable[[], object]]] = []

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        self.calls.append((seconds, call))

    def turn(self) -> float | None:
        """One turn of the loop: how long it waited; None if nothing was to be called."""
        calls, self.calls = self.calls, []
        assert len(calls) <= 1, "one turn for all"
        for _, call in calls:
            call()
        return calls[0][0] if calls else None

    def turns(self) -> int:
        """Turns until nothing is to be called."""
        count = 0
        while self.turn() is not None:
            count += 1
        return count


class Asking:
    """An exchange."""

    def __init__(self, door: Door, method: bytes = b"GET") -> None:
        self.keeper = door
        self.request = RequestHead(method, b"/", b"a.test", b"http", [])
        self.ended = 0.0
        self.got: Response | None = None
        self.error: PorchError | None = None

    def resume(self, result: Response) -> None:
        self.got = result

    def on_raised(self, error: PorchError) -> None:
        self.error = error


class Making:
    """Listings of folders, each in so many steps. made: a name for each step."""

    def __init__(self, page: bytes = b"page", steps: int = AT_ONCE + 3) -> None:
        self.page = page
        self.steps = steps
        self.made: list[object] = []
        self.closed = 0
        self.fails: Exception | None = None
        self.door = Door()
        self.listings = Listings()

    def ask(self, key: object = "a", method: bytes = b"GET") -> Asking:
        asking = Asking(self.door, method)
        result = self.listings.ask(cast("Exchange", asking), key, lambda: self._listing(key))
        if not isinstance(result, Suspend):
            asking.got = result
        return asking

    def _listing(self, key: object) -> Generator[None, None, bytes]:
        try:
            for _ in range(self.steps):
                self.made.append(key)
                yield
            if self.fails is not None:
                raise self.fails
            return self.page
        finally:
            self.closed += 1


def source(asking: Asking) -> Any:
    got = asking.got
    assert isinstance(got, Kept)
    assert isinstance(got.source, Reader)
    return got.source._body


def test_a_small_one_is_made_at_once() -> None:
    making = Making(steps=AT_ONCE - 1)
    asking = making.ask()
    assert asking.got is not None
    assert (asking.got.status, asking.got.body) == (200, b"page")
    assert making.door.turns() == 1
    assert making.ask().got is not None


def test_a_large_one_lets_others_between() -> None:
    making = Making()
    asking = making.ask()
    for _ in range(4):
        assert asking.got is None
        making.door.turn()
    assert asking.got is not None


def test_many_get_a_step_a_turn_among_them_in_their_order() -> None:
    making = Making()
    asked = [making.ask(each) for each in range(20)]
    while making.door.calls:
        before = len(making.made)
        making.door.turn()
        assert len(making.made) <= before + 1
    assert all(each.got is not None for each in asked)
    assert making.made == sorted(making.made)


def test_small_ones_do_not_hold_up_a_turn_either() -> None:
    making = Making(steps=1)
    asked = [making.ask(each) for each in range(100)]
    assert len(making.made) == 1
    making.door.turns()
    assert all(each.got is not None for each in asked)


def test_those_who_wait_for_the_same_get_the_same_and_those_who_come_late_do_not() -> None:
    making = Making(LARGE)
    first, *waiting = [making.ask() for _ in range(100)]
    for _ in range(5):
        making.door.turn()
    assert first.got is not None
    late = making.ask()
    for _ in range(5):
        making.page = LARGE + b"x"
        making.door.turn()
    later = making.ask()
    making.door.turns()
    assert making.closed == 3
    assert len({id(source(each)) for each in (late, *waiting)}) == 1
    assert source(first) is not source(later)
    assert later.got is not None
    assert later.got.head(cast("Exchange", later)).length == len(LARGE) + 1


def test_one_that_nobody_waits_for_is_given_up() -> None:
    making = Making()
    asked = [making.ask("a"), making.ask("b"), making.ask("c")]
    making.door.turn()
    asked[0].ended = asked[1].ended = 1.0
    making.door.turns()
    assert "b" not in making.made
    assert making.made.count("a") <= AT_ONCE + 1
    assert making.closed == 2
    assert asked[2].got is not None


@pytest.mark.parametrize(
    ("fails", "kind"), [(OSError(5, "Input/output error"), FileUnreadable), (NoFile("x"), NoFile)]
)
def test_what_is_wrong_is_said_to_all_who_wait(fails: Exception, kind: type[PorchError]) -> None:
    making = Making()
    making.fails = fails
    asked = [making.ask() for _ in range(3)]
    making.door.turns()
    assert [type(each.error) for each in asked] == [kind] * 3
    making.fails = None
    again = making.ask()
    making.door.turns()
    assert again.got is not None


def test_of_the_same_page_no_second_is_held() -> None:
    making = Making(LARGE)
    asked = []
    for _ in range(5):
        asked.append(making.ask())
        making.door.turns()
    assert len({id(source(each)) for each in asked}) == 1


def test_no_more_are_made_than_clients_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOM", 2 * len(LARGE))
    making = Making(LARGE, steps=0)
    held = []
    for each in range(2):
        held.append(making.ask(each))
        making.door.turns()
    waiting, gone = making.ask(2), making.ask(3)
    gone.ended = 1.0
    for _ in range(3):
        assert making.door.turn() == 0.1
    assert waiting.got is None
    held.pop()
    making.door.turns()
    assert waiting.got is not None
    assert making.closed == 3


def test_a_client_that_takes_nothing_holds_little_of_a_page() -> None:
    making = Making(bytes(1_000_000), steps=0)
    body = source(making.ask())
    assert (body.size(), body.is_whole(), body.file(0, 9)) == (1_000_000, True, -1)
    assert len(body.read(0, 1_000_000)) == 64 * 1024
    assert len(body.read(999_999, 9)) == 1


def test_head_has_the_length_and_no_page() -> None:
    making = Making(LARGE, steps=0)
    asking = making.ask(method=b"HEAD")
    assert asking.got is not None
    assert asking.got.source is None
    assert asking.got.head(cast("Exchange", asking)).length == len(LARGE)
