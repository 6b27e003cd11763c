"""Sessions of browsers: bounded in number and time, and ended with what they had begun."""

from typing import Any

import pytest

from porch.config.administering import Key
from porch.manage.admin import sessions as module
from porch.manage.admin.sessions import LIFETIME, MOST_OF_ONE, SessionEnded, Sessions
from tests.support.network import FakeClock

ANN, EVE = Key(b"1", "ann", "all"), Key(b"2", "eve", "read")


class Running:
    """An exchange that runs."""

    def __init__(self) -> None:
        self.errors: list[Any] = []

    def fail(self, error: Any) -> None:
        self.errors.append(error)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def test_each_has_an_id_and_a_secret_of_its_own_that_nobody_guesses(clock: FakeClock) -> None:
    sessions = Sessions()
    names = [sessions.begin(ANN) for _ in range(3)]
    found = [sessions.find(each) for each in names]
    assert len({*names}) == len({each.csrf for each in found if each}) == 3
    assert all(len(each) >= 43 for each in names)
    assert sessions.find("x") is None
    assert sessions.find("") is None


def test_nothing_of_an_id_is_kept(clock: FakeClock) -> None:
    sessions = Sessions()
    name = sessions.begin(ANN)
    assert name not in repr(sessions._known)


def test_one_ends_by_its_time_whether_or_not_somebody_asks(clock: FakeClock) -> None:
    sessions = Sessions()
    name = sessions.begin(ANN)
    clock.advance(LIFETIME - 1)
    sessions.sweep()
    assert sessions.find(name)
    clock.advance(1)
    assert sessions.find(name) is None
    assert len(sessions) == 0
    sessions.begin(ANN)
    clock.advance(LIFETIME)
    sessions.sweep()
    assert len(sessions) == 0


def test_one_token_has_so_many_and_loses_its_oldest_not_another_ones(clock: FakeClock) -> None:
    sessions = Sessions()
    others = sessions.begin(EVE)
    names = [sessions.begin(ANN) for _ in range(MOST_OF_ONE + 2)]
    assert [bool(sessions.find(each)) for each in names] == [False] * 2 + [True] * MOST_OF_ONE
    assert sessions.find(others)


def test_all_together_are_bounded(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    sessions = Sessions()
    names = [sessions.begin(Key(b"%d" % each, "n", "all")) for each in range(5)]
    assert [bool(sessions.find(each)) for each in names] == [False, False, True, True, True]


def test_what_one_had_begun_ends_with_it(clock: FakeClock) -> None:
    sessions = Sessions()
    ways = (
        lambda name: sessions.end(name),
        lambda name: sessions.keep([EVE]),
        lambda name: clock.advance(LIFETIME) or sessions.sweep(),
    )
    for end in ways:
        name = sessions.begin(ANN)
        session, running = sessions.find(name), Running()
        assert session is not None
        session.running.add(running)  # type: ignore[arg-type]
        end(name)
        assert [type(each) for each in running.errors] == [SessionEnded]


def test_those_of_tokens_that_are_still_there_go_on(clock: FakeClock) -> None:
    sessions = Sessions()
    gone, stays = sessions.begin(ANN), sessions.begin(EVE)
    sessions.keep([EVE])
    assert sessions.find(gone) is None
    assert sessions.find(stays)
