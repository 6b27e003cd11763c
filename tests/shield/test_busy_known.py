"""From where somebody was let in lately."""

from typing import Any

import pytest

from porch.identity import Identity
from porch.shield.busy_known import LASTS, MOST, Known
from tests.support.network import FakeClock


class Exchange:
    """From an address, of somebody or of nobody."""

    def __init__(self, client_ip: bytes, name: str | None = "ada") -> None:
        self.client_ip = client_ip
        self.identity = None if name is None else Identity(name, "basic")


def come(known: Known, client_ip: bytes, name: str | None = "ada") -> None:
    exchange: Any = Exchange(client_ip, name)
    assert known.on_request(exchange) is None  # type: ignore[func-returns-value]


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def test_an_address_is_known_from_where_somebody_was_let_in() -> None:
    known = Known()
    come(known, b"192.0.2.1")
    come(known, b"192.0.2.2", None)
    assert known.knows(b"192.0.2.1")
    assert not known.knows(b"192.0.2.2")
    assert not known.knows(b"192.0.2.3")


def test_of_ipv6_a_customers_whole_network_is() -> None:
    known = Known()
    come(known, b"2001:db8:0:1::5")
    assert known.knows(b"2001:db8:0:1:ffff::9")
    assert not known.knows(b"2001:db8:0:2::5")


def test_it_is_forgotten_some_time_after_the_last_request(fake: FakeClock) -> None:
    known = Known()
    come(known, b"192.0.2.1")
    fake.advance(LASTS - 1)
    assert known.knows(b"192.0.2.1")
    come(known, b"192.0.2.1")
    fake.advance(LASTS - 1)
    assert known.knows(b"192.0.2.1")
    fake.advance(2)
    assert not known.knows(b"192.0.2.1")


def test_who_has_not_come_for_longest_makes_room_and_strangers_push_nobody_out() -> None:
    known = Known()
    come(known, b"10.9.9.9")
    come(known, b"10.9.9.8")
    come(known, b"10.9.9.9")
    for number in range(MOST - 1):
        come(known, b"10.1.%d.%d" % divmod(number, 256))
    assert known.knows(b"10.9.9.9")
    assert not known.knows(b"10.9.9.8")
    for number in range(MOST + 9):
        come(known, b"10.2.%d.%d" % divmod(number, 256), None)
    assert known.knows(b"10.9.9.9")
    assert repr(known) == f"<Known {MOST} addresses>"
