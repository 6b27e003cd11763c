"""What is stored in one write, and who hears of it."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from porch.cache.memory_store import MemoryStore
from porch.cache.saving import MOST, MOST_BYTES, Saving
from porch.cache.store import Save
from tests.support.storing import answer, key


class Counted(MemoryStore):
    """A store that counts its writes."""

    def __init__(self) -> None:
        super().__init__(64 << 20)
        self.writes: list[int] = []

    def save_all(self, saves: Sequence[Save]) -> list[bytes | None]:
        self.writes.append(len(saves))
        return super().save_all(saves)


class Turns:
    """A saving, with a loop that turns when told."""

    def __init__(self) -> None:
        self.store = Counted()
        self.saving = Saving(self.store)
        self.told: dict[object, bytes | None] = {}
        self.due: list[Callable[[], object]] = []

    def later(self, seconds: float, call: Callable[[], object]) -> Any:
        assert seconds == 0
        self.due.append(call)

    def add(self, name: object, body: bytes = b"x", moment: int | None = None) -> None:
        known = self.store.moment() if moment is None else moment
        save = Save(key(name), answer(name, len(body)), body, known)
        self.saving.add(save, lambda ident: self.told.setdefault(name, ident), self.later)

    def turn(self) -> None:
        due, self.due = self.due, []
        for call in due:
            call()


@pytest.fixture
def turns() -> Turns:
    return Turns()


def test_what_comes_in_one_turn_is_one_write_at_its_end(turns: Turns) -> None:
    for name in "abc":
        turns.add(name)
    assert len(turns.due) == 1
    assert (turns.store.writes, turns.told) == ([], {})
    turns.turn()
    assert turns.store.writes == [3]
    for name in "abc":
        assert turns.told[name] == turns.store.variants(key(name))[0].ident
    turns.add("d")
    turns.turn()
    assert turns.store.writes == [3, 1]


def test_who_looks_for_what_is_due_finds_it(turns: Turns) -> None:
    turns.add("a")
    turns.add("b")
    turns.saving.settle(key("c"))
    assert turns.store.writes == [], "nothing of it is due"
    turns.saving.settle(key("a"))
    assert turns.store.variants(key("a"))
    assert set(turns.told) == {"a", "b"}
    turns.saving.settle(key("a"))
    turns.turn()
    assert turns.store.writes == [2]


def test_of_two_of_one_key_the_last_stays(turns: Turns) -> None:
    turns.add("a", b"old")
    turns.add("a", b"new")
    turns.turn()
    (variant,) = turns.store.variants(key("a"))
    assert turns.store.load(variant.ident).body == b"new"


def test_what_is_purged_before_it_is_written_is_not_kept(turns: Turns) -> None:
    turns.add("a")
    turns.store.purge("url", answer("a").url)
    turns.add("b")
    turns.store.forget(key("b"))
    turns.add("c")
    turns.turn()
    assert turns.told["a"] is turns.told["b"] is None
    assert turns.told["c"] is not None


@pytest.mark.parametrize(("count", "size"), [(MOST, 10), (8, MOST_BYTES // 8)])
def test_one_write_is_not_longer_than_others_may_wait(turns: Turns, count: int, size: int) -> None:
    for number in range(count + 1):
        turns.add(number, bytes(size))
    assert turns.store.writes == [count]
    turns.turn()
    assert turns.store.writes == [count, 1]


def test_who_is_told_may_add_more(turns: Turns) -> None:
    save = Save(key("a"), answer("a", 1), b"x", turns.store.moment())
    turns.saving.add(save, lambda _: turns.add("b"), turns.later)
    turns.turn()
    turns.turn()
    assert turns.store.writes == [1, 1]
    assert turns.told["b"] is not None


def test_nobody_waits_for_ever_for_a_store_that_fails(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Sequence[Save]) -> list[bytes | None]:
        raise ZeroDivisionError

    monkeypatch.setattr(turns.store, "save_all", fails)
    turns.add("a")
    turns.add("b")
    with pytest.raises(ZeroDivisionError):
        turns.turn()
    assert turns.told == {"a": None, "b": None}
    assert repr(turns.saving) == "<Saving 0>"
