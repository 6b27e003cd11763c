"""Bodies that another worker writes; who waits for them is in tests/scenario."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from porch.cache.elsewhere import LONGEST_LOOK, LOOK, Growing
from porch.errors import IncompleteResponse
from tests.support.network import FakeClock


class FakeGrowth:
    """A file that grows."""

    def __init__(self) -> None:
        self.descriptor = os.memfd_create("growth")
        self.says = "growing"

    def size(self) -> int:
        return os.fstat(self.descriptor).st_size

    def state(self) -> str:
        return self.says

    def add(self, data: bytes) -> None:
        os.write(self.descriptor, data)


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


class FakeReader:
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


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def followed(growth: Any) -> tuple[Growing, Any]:
    growing, reader = Growing(growth), FakeReader()
    growing.readers.add(reader)  # type: ignore[arg-type]
    return growing, reader


def test_what_is_there_can_be_read(growth: Any) -> None:
    growth.add(b"abc")
    growing = Growing(growth)
    assert (growing.size(), growing.read(1, 9), growing.is_whole()) == (3, b"bc", False)
    assert growing.file(0, 3) == -1
    assert repr(growing) == "<Growing 3 bytes>"


def test_what_cannot_be_read_is_damaged(growth: Any) -> None:
    growing = Growing(growth)
    growth.descriptor, kept = -1, growth.descriptor
    assert growing.read(0, 1) is None
    growth.descriptor = kept


def test_it_is_looked_at_often_while_it_flows_and_seldom_while_it_pauses(
    growth: Any, fake: FakeClock
) -> None:
    growing, reader = followed(growth)
    keeper: Any = FakeKeeper(fake)
    growing.pump(keeper, 0, 1000.0)
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
    growing, reader = followed(growth)
    keeper: Any = FakeKeeper(fake)
    growth.says = "complete"
    growing.pump(keeper, 0, 1000.0)
    assert growing.is_whole()
    assert (reader.pumps, keeper.pauses) == (1, [])


def test_when_its_worker_has_died_all_are_cut(growth: Any, fake: FakeClock) -> None:
    growing, reader = followed(growth)
    keeper: Any = FakeKeeper(fake)
    growth.says = "failed"
    growing.pump(keeper, 0, 1000.0)
    assert isinstance(reader.errors[0], IncompleteResponse)
    assert keeper.pauses == []


def test_for_nobody_it_is_not_looked_at(growth: Any, fake: FakeClock) -> None:
    keeper: Any = FakeKeeper(fake)
    growing = Growing(growth)
    growing.pump(keeper, 0, 1000.0)
    assert keeper.pauses == []


def test_a_reader_that_is_over_is_let_go(growth: Any) -> None:
    growing = Growing(growth)
    reader = growing.reader(growing, [(0, 1)])
    assert growing.readers == {reader}
    reader.abort(IncompleteResponse())
    assert not growing.readers
