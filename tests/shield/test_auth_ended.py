"""Sessions that a logout has ended. By real workers: tests/e2e/test_oidc.py."""

import pytest

from porch import clock
from porch.shield.auth_ended import Ended
from porch.shield.limit_table import LimitTable


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", clock.monotonic())


def test_nothing_has_ended_at_first() -> None:
    assert not Ended().has(b"a")
    ended = Ended()
    ended.count_in(LimitTable(2, 1024).row(1))
    assert not ended.has(b"a")
    assert not ended.has(b"a"), "to ask takes nothing"


@pytest.mark.parametrize("seconds", [0.0, 0.5, 60.0, 43200.0, 31536000.0])
def test_one_that_has_ended_has_until_it_would_be_over(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    ended = Ended()
    ended.add(b"a", seconds)
    start = clock.now
    for share in (0.0, 0.5, 1.0):
        monkeypatch.setattr(clock, "now", start + share * seconds)
        assert ended.has(b"a")
        assert not ended.has(b"b")
    monkeypatch.setattr(clock, "now", start + seconds + 2)
    assert not ended.has(b"a")


def test_all_workers_know_it_over_reloads_and_what_ends_twice_has_ended() -> None:
    table = LimitTable(4, 1024)
    one, two = Ended(), Ended()
    one.count_in(table.row(1))
    two.count_in(table.row(2))
    one.add(b"a", 60.0)
    one.add(b"a", 60.0)
    assert two.has(b"a")
    two.count_in(table.row(3))
    assert two.has(b"a")


def test_many_take_no_more_room_and_the_latest_are_known() -> None:
    ended = Ended()
    for number in range(5000):
        ended.add(b"%d" % number, 10.0)
    ended.add(b"last", 3600.0)
    assert ended.has(b"last")
