"""Bodies that another worker writes; what clients see of them is in tests/scenario, tests/e2e."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from porch.cache.following import LONGEST_LOOK, LOOK, Following
from porch.cache.lost import FillNotStored
from porch.cache.outcomes import Outcomes
from porch.cache.wanted import LENT, wanted
from porch.errors import IncompleteResponse
from porch.reader import OPEN
from tests.support.network import FakeClock


class FakeGrowth:
    """A file that grows. written: the descriptor of who writes it."""

    ident = b"f" + bytes(8)
    entry = None

    def __init__(self) -> None:
        self.written = os.memfd_create("growth")
        self.descriptor = os.open(f"/proc/self/fd/{self.written}", os.O_RDONLY)
        self.says = "growing"

    def size(self) -> int:
        return os.fstat(self.descriptor).st_size

    def state(self) -> str:
        return self.says

    def add(self, data: bytes) -> None:
        os.write(self.written, data)


class FakeKeeper:
    """pauses: for how long it was told to wait. call: what comes then."""

    def __init__(self, fake: FakeClock) -> None:
        self.pauses: list[float] = []
        self.call: Callable[[], object] | None = None
        self._fake = fake

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        self.pauses.append(seconds)
        self.call = call

    def next(self) -> None:
        call, self.call = self.call, None
        assert call is not None
        self._fake.advance(self.pauses[-1])
        call()


class FakeShelf:
    def __init__(self) -> None:
        self.outcomes = Outcomes(os.memfd_create("outcomes"))


class FakeReader:
    at = 0

    def __init__(self) -> None:
        self.pumps = 0
        self.errors: list[object] = []

    def pump(self) -> int:
        self.pumps += 1
        return 0

    def fail(self, error: object) -> None:
        self.errors.append(error)


@pytest.fixture
def growth() -> Iterator[FakeGrowth]:
    made = FakeGrowth()
    yield made
    os.close(made.descriptor)
    os.close(made.written)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def following(growth: Any) -> Any:
    def ask(*_: object) -> None:
        raise AssertionError("nobody is to be asked")

    shelf: Any = FakeShelf()
    return Following(growth, shelf, b"primary", ask)


def followed(growth: Any) -> tuple[Any, Any]:
    made, reader = following(growth), FakeReader()
    made.readers[reader] = None
    return made, reader


def test_what_is_there_can_be_read(growth: Any) -> None:
    growth.add(b"abc")
    made = following(growth)
    assert (made.size(), made.read(1, 9), made.is_whole()) == (3, b"bc", False)
    assert made.file(0, 3) == -1
    assert repr(made) == "<Following 3 bytes>"


def test_what_cannot_be_read_is_damaged(growth: Any) -> None:
    made = following(growth)
    growth.descriptor, kept = 1 << 20, growth.descriptor
    assert made.read(0, 1) is None
    assert not made.is_welcome()
    growth.descriptor = kept


def test_who_follows_is_known_to_who_writes_unless_it_is_too_late(growth: Any) -> None:
    assert wanted(growth.written) == OPEN
    assert following(growth).is_welcome()
    assert wanted(growth.written) == 0
    os.fchmod(growth.written, LENT)
    assert not following(growth).is_welcome()


def test_of_one_that_is_lent_it_is_told_how_far_the_slowest_is(
    growth: Any, fake: FakeClock
) -> None:
    made, reader = followed(growth)
    other: Any = FakeReader()
    made.readers[other] = None
    made.is_welcome()
    growth.add(bytes(100))
    reader.at, other.at = 60, 40
    keeper: Any = FakeKeeper(fake)
    made.start(keeper)
    assert wanted(growth.written) == 0, "while it will be kept it is of no interest"
    os.fchmod(growth.written, LENT)
    keeper.next()
    assert wanted(growth.written) == 40
    del made.readers[other]
    keeper.next()
    assert wanted(growth.written) == 60


def test_it_is_looked_at_often_while_it_flows_and_seldom_while_it_pauses(
    growth: Any, fake: FakeClock
) -> None:
    made, reader = followed(growth)
    keeper: Any = FakeKeeper(fake)
    made.start(keeper)
    for _ in range(5):
        growth.add(b"x")
        keeper.next()
    assert keeper.pauses == [LOOK] * 6
    assert reader.pumps == 6
    for _ in range(1000):
        keeper.next()
    assert keeper.pauses[-1] == LONGEST_LOOK
    assert keeper.pauses == sorted(keeper.pauses)
    growth.add(b"x")
    keeper.next()
    assert keeper.pauses[-1] == LOOK


def test_when_it_is_complete_its_end_is_sent_and_nobody_looks_any_more(
    growth: Any, fake: FakeClock
) -> None:
    made, reader = followed(growth)
    keeper: Any = FakeKeeper(fake)
    growth.says = "complete"
    made.start(keeper)
    assert made.is_whole()
    assert (reader.pumps, keeper.pauses) == (1, [])


@pytest.mark.parametrize("error", [FillNotStored, IncompleteResponse])
def test_when_it_ends_early_all_are_cut_for_the_reason_that_was_told(
    growth: Any, fake: FakeClock, error: Any
) -> None:
    made, reader = followed(growth)
    keeper: Any = FakeKeeper(fake)
    made._shelf.outcomes.tell_error(growth.ident, error("so"))
    growth.says = "failed"
    made.start(keeper)
    (told,) = reader.errors
    assert (type(told), told.detail) == (error, "so")
    assert keeper.pauses == []


def test_for_nobody_it_is_not_looked_at(growth: Any, fake: FakeClock) -> None:
    keeper: Any = FakeKeeper(fake)
    following(growth).start(keeper)
    assert keeper.pauses == []


def test_a_reader_that_is_over_is_let_go(growth: Any) -> None:
    made = following(growth)
    waiting: Any = None
    reader = made._reader(waiting, made, [(0, 1)])
    assert set(made.readers) == {reader}
    reader.abort(IncompleteResponse())
    assert not made.readers
