"""What is remembered of credentials."""

import pytest

from porch import clock
from porch.shield.auth_memory import Remembered


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
