"""What was answered lately."""

import pytest

from porch.certs import verdicts
from porch.certs.verdicts import Verdicts
from tests.support.hands import Hands


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    return Hands(monkeypatch)


def test_a_yes_holds_an_hour_and_a_no_five_minutes(hands: Hands) -> None:
    found = Verdicts()
    assert found.find("a.example") == (None, 0.0)
    assert found.keep("a.example", verdict=True) == 3600.0
    assert found.keep("b.example", verdict=False) == 300.0
    hands.advance(299)
    assert found.find("b.example") == (False, 1.0)
    hands.advance(1)
    assert found.find("b.example") == (None, 0.0)
    assert found.find("a.example") == (True, 3300.0)
    hands.advance(3300)
    assert found.find("a.example") == (None, 0.0)
    assert len(found) == 0


def test_it_may_hold_as_long_as_is_said(hands: Hands) -> None:
    found = Verdicts()
    found.keep("a.example", verdict=False, seconds=7.0)
    assert found.find("a.example") == (False, 7.0)


def test_they_are_bounded_and_the_oldest_goes(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert verdicts.MOST == 10_000
    monkeypatch.setattr(verdicts, "MOST", 2)
    found = Verdicts()
    for name in ("a", "b", "a", "c"):
        found.keep(name, verdict=True)
    assert [found.find(name)[0] for name in "abc"] == [True, None, True]
