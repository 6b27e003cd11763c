"""Who shows wrong credentials, counted by all workers. By real ones: tests/e2e/test_identity.py."""

import pytest

from porch import clock
from porch.shield.auth_failures import LONGEST_WAIT, Failures
from porch.shield.limit_table import LimitTable

ONE = b"192.0.2.1"


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(clock, "now", clock.now + seconds)


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", clock.monotonic())


def test_who_shows_too_many_wrong_ones_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = Failures("wrong passwords", 3)
    for _ in range(3):
        assert failures.check(ONE) is None
        failures.count(ONE)
    refusal = failures.check(ONE)
    assert refusal is not None
    assert refusal.detail == "3 wrong passwords from there"
    assert LONGEST_WAIT <= refusal.retry_after <= LONGEST_WAIT * 65 / 63
    assert failures.check(b"192.0.2.2") is None
    later(monkeypatch, refusal.retry_after)
    assert failures.check(ONE) is None
    failures.count(ONE)
    assert failures.check(ONE) is None


def test_the_addresses_of_one_site_count_together() -> None:
    failures = Failures("wrong passwords", 2)
    failures.count(b"2001:db8:0:1::1")
    failures.count(b"2001:db8:0:1:ffff::2")
    assert failures.check(b"2001:db8:0:1::3") is not None
    assert failures.check(b"2001:db8:0:2::1") is None
    failures.count(b"unix")
    assert failures.check(b"unix") is None


def test_all_workers_count_together_and_kinds_apart() -> None:
    table = LimitTable(4, 1024)
    workers = [Failures("wrong passwords", 3) for _ in range(3)]
    tokens = Failures("forged tokens", 3)
    for number, each in enumerate(workers, 1):
        each.count_in(table.row(number))
        each.count(ONE)
    tokens.count_in(table.row(1))
    assert all(each.check(ONE) is not None for each in workers)
    assert tokens.check(ONE) is None


def test_a_reload_forgets_nothing() -> None:
    row = LimitTable(2, 1024).row(1)
    failures = Failures("wrong passwords", 1)
    failures.count_in(row)
    failures.count(ONE)
    failures.count_in(row)
    assert failures.check(ONE) is not None
    another = Failures("wrong passwords", 1)
    another.count_in(row)
    assert another.check(ONE) is not None


def test_however_many_are_looked_at_at_once_all_are_counted() -> None:
    failures = Failures("wrong passwords", 20)
    for _ in range(1000):
        failures.count(ONE)
    assert failures.check(ONE) is not None


def test_many_addresses_take_no_more_room() -> None:
    failures = Failures("wrong passwords", 1)
    for number in range(5000):
        failures.count(b"%d" % number)
    failures.count(ONE)
    assert failures.check(ONE) is not None
