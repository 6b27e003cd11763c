"""How many certificates may be got on demand."""

import pytest

from porch.certs.brakes import Brakes
from tests.support.hands import Hands


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    return Hands(monkeypatch)


def take(brakes: Brakes, count: int, zone: str = "") -> None:
    for number in range(count):
        brakes.take(f"a{number}.{zone or f'z{number}.example'}")


def test_ten_a_minute(hands: Hands) -> None:
    brakes = Brakes()
    take(brakes, 9)
    assert brakes.wait("a.example") == (0.0, "")
    take(brakes, 1)
    assert brakes.wait("a.example") == (60.0, "10 certificates within a minute")
    hands.advance(59)
    assert brakes.wait("a.example")[0] == 1.0
    hands.advance(2)
    assert brakes.wait("a.example") == (0.0, "")


def test_a_hundred_an_hour(hands: Hands) -> None:
    brakes = Brakes()
    for number in range(10):
        for other in range(10):
            brakes.take(f"a.z{number}x{other}.example{number}")
        hands.advance(120)
    wait, why = brakes.wait("a.example")
    assert (wait, why) == (3600.0 - 1200.0, "100 certificates within an hour")
    hands.advance(wait + 1)
    assert brakes.wait("a.example") == (0.0, "")


def test_twenty_an_hour_for_a_zone(hands: Hands) -> None:
    brakes = Brakes()
    for _ in range(2):
        take(brakes, 10, "shop.example")
        hands.advance(61)
    wait, why = brakes.wait("x.y.shop.example")
    assert (wait, why) == (3600.0 - 122.0, "20 certificates for shop.example within an hour")
    assert brakes.wait("a.other.example") == (0.0, "")
