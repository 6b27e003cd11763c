"""What is remembered of credentials."""

import pytest

from porch import clock
from porch.shield import auth_memory
from porch.shield.auth_memory import LONGEST_WAIT, Failures, Remembered


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", 1000.0)


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr(clock, "now", clock.now + seconds)


def test_what_has_held_holds_for_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    held: Remembered[str] = Remembered()
    digest = held.digest(b"secret")
    assert held.get(digest) is None
    held.put(digest, "ann", 10.0)
    later(monkeypatch, 9.0)
    assert held.get(digest) == "ann"
    later(monkeypatch, 1.0)
    assert held.get(digest) is None
    assert len(held) == 0


def test_a_credential_is_nowhere_in_it_and_each_has_a_key_of_its_own() -> None:
    one: Remembered[str] = Remembered()
    other: Remembered[str] = Remembered()
    assert b"secret" not in one.digest(b"secret")
    assert one.digest(b"secret") != other.digest(b"secret")
    assert one.digest(b"secret") == one.digest(b"secret")


def test_parts_are_told_apart() -> None:
    held: Remembered[str] = Remembered()
    assert held.digest(b"ab", b"c") != held.digest(b"a", b"bc")
    assert held.digest(b"1:a") != held.digest(b"a")


def test_what_has_one_part_is_found_in_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    held: Remembered[str] = Remembered()
    digest, found = held.find(b"token")
    assert found is None
    held.put(digest, "ann", 10.0)
    assert held.find(b"token") == (digest, "ann")
    later(monkeypatch, 10.0)
    assert held.find(b"token") == (digest, None)


def test_it_is_bounded_whoever_sends_what() -> None:
    held: Remembered[int] = Remembered(most=3)
    digests = [held.digest(b"%d" % number) for number in range(5)]
    for number, digest in enumerate(digests):
        held.put(digest, number, 10.0)
    assert [held.get(each) for each in digests] == [None, None, 2, 3, 4]


def test_who_shows_too_many_wrong_ones_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = Failures(3)
    for _ in range(3):
        assert failures.check(b"192.0.2.1") is None
        failures.count(b"192.0.2.1")
    refusal = failures.check(b"192.0.2.1")
    assert refusal is not None
    assert refusal.retry_after == LONGEST_WAIT
    assert failures.check(b"192.0.2.2") is None
    later(monkeypatch, LONGEST_WAIT)
    assert failures.check(b"192.0.2.1") is None
    failures.count(b"192.0.2.1")
    assert failures.check(b"192.0.2.1") is None


def test_the_addresses_of_one_site_count_together() -> None:
    failures = Failures(2)
    failures.count(b"2001:db8:0:1::1")
    failures.count(b"2001:db8:0:1:ffff::2")
    assert failures.check(b"2001:db8:0:1::3") is not None
    assert failures.check(b"2001:db8:0:2::1") is None
    failures.count(b"unix")
    assert failures.check(b"unix") is None


def test_many_addresses_take_no_more_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth_memory, "ADDRESSES", 10)
    failures = Failures(1)
    for number in range(100):
        failures.count(b"192.0.2.%d" % number)
    assert len(failures._counts) == 10
