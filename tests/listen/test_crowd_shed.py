"""Who goes first where a door is full."""

from collections import Counter
from typing import Any

import pytest

from porch import clock
from porch.clock import INFINITY
from porch.listen.crowd_shed import SHED, Shedding


class Sitting:
    """A session that has been idle since then."""

    def __init__(self, since: float) -> None:
        self.since = since
        self.is_gone = False

    def idle_since(self) -> float:
        return self.since

    def shed(self) -> None:
        self.is_gone = True


def shed(*since: float) -> tuple[list[bool], Counter[str], list[str]]:
    sessions = [Sitting(each) for each in since]
    cuts, said = Counter[str](), list[str]()
    shedding = Shedding(set(sessions), cuts, lambda text, about: said.append(text))  # type: ignore[arg-type]
    found = shedding.make_room()
    assert found is any(each.is_gone for each in sessions)
    return [each.is_gone for each in sessions], cuts, said


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", 1000.0)


def test_the_one_that_has_been_idle_longest_goes() -> None:
    gone, cuts, said = shed(INFINITY, 990.0, 980.0, 995.0)
    assert gone == [False, False, True, False]
    assert cuts == {SHED: 1}
    assert said[0].startswith("4 clients are connected: those that have been idle longest")


def test_who_does_something_or_has_just_come_stays() -> None:
    assert shed(INFINITY, INFINITY, 999.5) == ([False, False, False], {}, [])


def test_of_many_a_few_go_together() -> None:
    gone, _, _ = shed(*(float(number) for number in range(256)))
    assert gone == [True] * 4 + [False] * 252


def test_it_is_never_more_than_64() -> None:
    gone, _, _ = shed(*([1.0] * 10_000))
    assert sum(gone) == 64


def test_while_some_are_closing_no_others_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions: Any = {Sitting(980.0), Sitting(981.0), Sitting(982.0)}
    shedding = Shedding(sessions, Counter(), lambda text, about: None)
    assert shedding.make_room()
    assert shedding.make_room()
    (gone,) = (each for each in sessions if each.is_gone)
    sessions.remove(gone)
    assert shedding.make_room()
    assert sum(each.is_gone for each in sessions) == 1
    monkeypatch.setattr(clock, "now", 1000.25)  # it hangs, and others go in its place
    assert shedding.make_room()
