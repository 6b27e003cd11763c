"""What is refused again and again is told in few lines."""

import pytest

from porch.manage.control.refusing import MOST, OTHERS, QUIET, Refusal, Refusing
from tests.support.network import FakeClock


class Told:
    def __init__(self) -> None:
        self.refusals: list[tuple[Refusal, int]] = []
        self.refusing = Refusing(lambda *told: self.refusals.append(told))

    def note(self, what: str = "stop", who: str = "rob", error: str = "rob may not") -> None:
        self.refusing.note(Refusal(what, who, error, {"a": 1}))

    @property
    def lines(self) -> list[tuple[str, str, int]]:
        return [(each.what, each.who, times) for each, times in self.refusals]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def test_the_first_is_told_at_once_and_those_like_it_together(clock: FakeClock) -> None:
    told = Told()
    for _ in range(1000):
        told.note()
    assert told.lines == [("stop", "rob", 0)]
    clock.advance(QUIET - 1)
    told.refusing.tick()
    assert len(told.lines) == 1
    clock.advance(1)
    told.refusing.tick()
    assert told.lines[1:] == [("stop", "rob", 999)]


def test_what_goes_on_is_told_again_and_what_has_ended_is_forgotten(clock: FakeClock) -> None:
    told = Told()
    for _ in range(6):
        told.note()
        told.refusing.tick()
        clock.advance(QUIET / 2)
    assert [each for _, _, each in told.lines] == [0, 2, 2]
    clock.advance(QUIET)
    told.refusing.tick()
    clock.advance(QUIET)
    told.refusing.tick()
    told.note()
    assert told.lines[-1] == ("stop", "rob", 0), "at once, as the first"


def test_another_operation_person_or_reason_is_told_at_once(clock: FakeClock) -> None:
    told = Told()
    told.note()
    told.note(what="drain")
    told.note(who="eve")
    told.note(error="the admin door is read only")
    assert [each for _, _, each in told.lines] == [0, 0, 0, 0]


def test_a_gathered_line_is_of_the_latest_and_has_nobodys_words(clock: FakeClock) -> None:
    told = Told()
    for at in (1.0, 2.0, 3.0):
        told.refusing.note(Refusal("stop", "rob", "rob may not", {"n": at}, at))
    told.refusing.close()
    assert [(each.at, each.words) for each, _ in told.refusals] == [(1.0, {"n": 1.0}), (3.0, {})]


def test_however_many_ask_lines_are_few(clock: FakeClock) -> None:
    told = Told()
    for number in range(10_000):
        told.note(who=f"rob from 2001:db8::{number:x}")
        told.note(what="drain", who=f"rob from 2001:db8::{number:x}")
    assert len(told.lines) == MOST + 2
    assert told.lines[-2:] == [("stop", OTHERS, 0), ("drain", OTHERS, 0)]
    clock.advance(QUIET)
    told.refusing.tick()
    assert [each for each in told.lines[MOST + 2 :] if each[2] > 1] == [
        ("stop", OTHERS, 10_000 - MOST // 2 - 1),
        ("drain", OTHERS, 10_000 - MOST // 2 - 1),
    ]


def test_what_was_counted_elsewhere_counts_as_often(clock: FakeClock) -> None:
    told = Told()
    told.refusing.note(Refusal("stop", "rob", "no"), 1)
    told.refusing.note(Refusal("stop", "rob", "no"), 40)
    told.refusing.note(Refusal("stop", "rob", "no"), 2)
    told.refusing.close()
    assert told.lines == [("stop", "rob", 0), ("stop", "rob", 42)]
    told.refusing.close()
    assert len(told.lines) == 2
