"""How often a wrong token may be shown."""

import secrets
from collections.abc import Callable

import pytest

from porch.manage.admin import guesses as module
from porch.manage.admin.guesses import AT_ONCE, EVERY, LONGEST, Guesses, is_drawn
from tests.support.network import FakeClock


class Said:
    def __init__(self) -> None:
        self.texts: list[tuple[str, str]] = []
        self.guesses = Guesses(lambda text, about: self.texts.append((text, about)))

    def guess(self, peer: bytes, times: int = 1) -> None:
        for _ in range(times):
            self.guesses.note(peer)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def test_so_many_at_once_and_then_one_every_so_often(clock: FakeClock) -> None:
    said = Said()
    said.guess(b"192.0.2.1", AT_ONCE - 1)
    assert said.guesses.wait(b"192.0.2.1") == 0
    said.guess(b"192.0.2.1")
    assert said.guesses.wait(b"192.0.2.1") == EVERY
    clock.advance(EVERY)
    assert said.guesses.wait(b"192.0.2.1") == 0
    said.guess(b"192.0.2.1")
    assert said.guesses.wait(b"192.0.2.1") == EVERY
    clock.advance(AT_ONCE * EVERY)
    said.guess(b"192.0.2.1", AT_ONCE - 1)
    assert said.guesses.wait(b"192.0.2.1") == 0, "all is forgotten"


def test_a_client_is_an_address_of_ipv6_a_network_and_the_unix_socket(clock: FakeClock) -> None:
    said = Said()
    said.guess(b"2001:db8::1", AT_ONCE)
    assert said.guesses.wait(b"2001:db8::ffff") > 0
    assert said.guesses.wait(b"2001:db8:0:1::1") == 0
    assert said.guesses.wait(b"192.0.2.1") == 0
    said.guess(b"unix", AT_ONCE)
    assert said.guesses.wait(b"unix") > 0


def test_not_more_clients_are_remembered_than_may_be(
    clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    said = Said()
    for number in range(1, 5):
        said.guess(b"192.0.2.%d" % number, AT_ONCE)
    waits = [said.guesses.wait(b"192.0.2.%d" % number) > 0 for number in range(1, 5)]
    assert waits == [False, True, True, True]


def test_other_tokens_forgive_all(clock: FakeClock) -> None:
    said = Said()
    said.guess(b"192.0.2.1", AT_ONCE)
    said.guesses.forgive()
    assert said.guesses.wait(b"192.0.2.1") == 0


def test_the_operator_is_told_from_where(clock: FakeClock) -> None:
    said = Said()
    said.guess(b"192.0.2.1")
    (text, about), *_ = said.texts
    assert text == f"{about} from 192.0.2.1"


@pytest.mark.parametrize(
    "make",
    [
        lambda: secrets.token_urlsafe(32),
        lambda: secrets.token_urlsafe(18),
        lambda: secrets.token_hex(32),
        lambda: secrets.token_hex(16).upper(),
    ],
)
def test_what_was_drawn_looks_so(make: Callable[[], str]) -> None:
    """Of the shortest one in 22 does not, and is as one that may be guessed."""
    drawn = sum(is_drawn(make().encode()) for _ in range(200))
    assert drawn > 160


@pytest.mark.parametrize(
    "token",
    [
        "",
        "correct-horse-battery-staple-correct",
        "CorrectHorseBatteryStaple2026",
        "Correct-Horse-Battery-Staple-2026",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "0123456789012345678901234567890123456789",
        "a1" * 11,
        "A1b2C3d4",
        "deadbeef0123deadbeef0123dead0",
        "u5Wd2Vb0Qz8Xk4TmJc1RfY7n" * 30,
        "u5Wd2Vb0Qz8Xk4Tm Jc1RfY7n",
        "u5Wd2Vb0Qz8Xk4Tm\xffJc1RfY7n",
    ],
)
def test_what_somebody_has_thought_of_or_nobody_would_does_not(token: str) -> None:
    assert not is_drawn(token.encode("latin-1"))


def test_what_is_longer_than_any_token_is_not_looked_at() -> None:
    assert is_drawn(secrets.token_hex(LONGEST // 2).encode())
    assert not is_drawn(secrets.token_hex(LONGEST // 2 + 1).encode())
