"""How a pool is looked after where nobody has said anything."""

from porch.balance.care import Care
from porch.balance.eject import Eject


def test_without_a_word_nobody_is_asked_and_who_fails_is_left_out() -> None:
    care = Care()
    assert (care.check, care.eject, care.slow_start) == (None, Eject(), 0.0)
