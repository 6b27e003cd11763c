"""What is stored in one write, and who hears of it."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from porch import clock
from porch.cache.memory_store import MemoryStore
from porch.cache.saving import AGAIN, LONGEST_AGAIN, MOST, MOST_BYTES, MOST_DUE, PATIENCE, Saving
from porch.cache.store import Save
from tests.support.storing import answer, key


class Counted(MemoryStore):
    """A store that counts its writes. is_busy: others write."""

    is_busy = False
    said = 0

    def __init__(self) -> None:
        super().__init__(64 << 20)
        self.sizes: list[int] = []
        self.tries = 0

    def save_all(self, saves: Sequence[Save]) -> list[bytes | None] | None:  # type: ignore[override]
        self.tries += 1
        if self.is_busy:
            return None
        self.sizes.append(len(saves))
        return super().save_all(saves)

    def on_hanging(self) -> None:
        self.said += 1


class Turns:
    """A saving, with a loop that turns when told."""

    def __init__(self) -> None:
        self.store = Counted()
        self.saving = Saving(self.store)
        self.told: dict[object, bytes | None] = {}
        self.due: list[Callable[[], object]] = []
        self.pauses: list[float] = []

    def later(self, seconds: float, call: Callable[[], object]) -> Any:
        self.pauses.append(seconds)
        self.due.append(call)

    def add(self, name: object, body: bytes = b"x", moment: int | None = None) -> None:
        known = self.store.moment() if moment is None else moment
        save = Save(key(name), answer(name, len(body)), body, known)
        self.saving.add(save, lambda ident: self.told.setdefault(name, ident), self.later)

    def turn(self) -> None:
        """What was to be done later, however much."""
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
    assert (turns.store.sizes, turns.told) == ([], {})
    turns.turn()
    assert turns.store.sizes == [3]
    for name in "abc":
        assert turns.told[name] == turns.store.variants(key(name))[0].ident
    turns.add("d")
    turns.turn()
    assert turns.store.sizes == [3, 1]


def test_who_looks_for_what_is_due_finds_it(turns: Turns) -> None:
    turns.add("a")
    turns.add("b")
    turns.saving.settle(key("c"))
    assert turns.store.sizes == [], "nothing of it is due"
    turns.saving.settle(key("a"))
    assert turns.store.variants(key("a"))
    assert set(turns.told) == {"a", "b"}
    turns.saving.settle(key("a"))
    turns.turn()
    assert turns.store.sizes == [2]


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
    assert turns.store.sizes == [count]
    turns.turn()
    assert turns.store.sizes == [count, 1]


def test_who_is_told_may_add_more(turns: Turns) -> None:
    save = Save(key("a"), answer("a", 1), b"x", turns.store.moment())
    turns.saving.add(save, lambda _: turns.add("b"), turns.later)
    turns.turn()
    turns.turn()
    assert turns.store.sizes == [1, 1]
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


def test_what_finds_others_writing_is_tried_again_a_little_later(turns: Turns) -> None:
    turns.store.is_busy = True
    turns.add("a")
    for _ in range(6):
        turns.turn()
        turns.add(turns.store.tries)
    assert turns.pauses == [0.0, AGAIN, 2 * AGAIN, 4 * AGAIN, *[LONGEST_AGAIN] * 3]
    assert (turns.told, turns.store.said, turns.store.tries) == ({}, 0, 6)
    turns.store.is_busy = False
    turns.turn()
    assert turns.store.sizes == [7]
    assert None not in turns.told.values()
    turns.add("b")
    turns.turn()
    assert turns.pauses[-1] == 0.0
    assert not turns.due


def test_who_looks_while_others_write_sets_no_other_timer(turns: Turns) -> None:
    turns.store.is_busy = True
    turns.add("a")
    turns.turn()
    for _ in range(9):
        turns.saving.settle(key("a"))
    assert len(turns.due) == 1
    turns.store.is_busy = False
    turns.saving.settle(key("a"))
    assert turns.store.variants(key("a"))


def test_what_others_have_held_up_goes_in_writes_of_the_usual_size(turns: Turns) -> None:
    turns.store.is_busy = True
    for number in range(2 * MOST + 1):
        turns.add(number)
    turns.add("large", bytes(MOST_BYTES))
    turns.add("other")
    turns.turn()
    assert turns.store.tries == 2, "when there were so many, and at the end of the turn"
    turns.store.is_busy = False
    for count in (1, 2, 3, 4):
        turns.turn()
        assert len(turns.store.sizes) == count, "one at a time, that clients do not wait"
        assert turns.pauses[2:] == [0.0] * min(count, 3)
    assert turns.store.sizes == [MOST, MOST, 2, 1]
    assert len(turns.told) == 2 * MOST + 3
    assert None not in turns.told.values()


def test_no_more_waits_for_others_than_memory_allows(turns: Turns) -> None:
    turns.store.is_busy = True
    for number in range(MOST_DUE + 1):
        turns.add(number)
    assert turns.told == {MOST_DUE: None}
    turns.store.is_busy = False
    while turns.due:
        turns.turn()
    assert sum(turns.store.sizes) == MOST_DUE


def test_what_a_worker_that_hangs_keeps_from_being_written_is_given_up(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(clock, "monotonic", lambda: now)
    turns.store.is_busy = True
    turns.add("a")
    turns.turn()
    now += PATIENCE - 0.01
    turns.add("b")
    turns.turn()
    assert (turns.told, turns.store.said) == ({}, 0)
    now += 0.02
    turns.turn()
    assert turns.told == {"a": None, "b": None}
    assert turns.store.said == 1
    assert not turns.due
    turns.add("c")
    turns.turn()
    assert turns.told["c"] is None, "it does not wait for one that hangs"
    turns.store.is_busy = False
    turns.add("d")
    turns.turn()
    assert turns.told["d"] is not None
    turns.store.is_busy = True
    turns.add("e")
    turns.turn()
    assert "e" not in turns.told, "and the next waits again"


def test_a_defect_keeps_nothing_of_the_rest_from_being_written(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Sequence[Save]) -> list[bytes | None]:
        monkeypatch.undo()
        raise ZeroDivisionError

    turns.store.is_busy = True
    for number in range(MOST + 1):
        turns.add(number)
    turns.turn()
    turns.store.is_busy = False
    monkeypatch.setattr(turns.store, "save_all", fails)
    with pytest.raises(ZeroDivisionError):
        turns.turn()
    turns.turn()
    assert len(turns.told) == MOST + 1
    assert turns.told[MOST] is not None
