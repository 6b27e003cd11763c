"""How often a wrong token may be shown."""

import pytest

from porch.manage.admin import guesses as module
from porch.manage.admin.guesses import AT_ONCE, EVERY, Guesses
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
