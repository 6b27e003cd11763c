"""What a provider finds has a weight and a priority without a word."""

from porch.balance.discover.found import Found


def test_an_address_is_enough():
    assert Found("10.0.0.1:80") == ("10.0.0.1:80", 1, 0)
