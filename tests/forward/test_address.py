"""The address of an endpoint, as logs show it."""

import pytest

from porch.forward.address import Address


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (Address(host="10.0.0.1", port=8000), "10.0.0.1:8000"),
        (Address(host="::1", port=8000), "[::1]:8000"),
        (Address(host="b.test", port=443), "b.test:443"),
        (Address(path="/run/x.sock"), "unix:/run/x.sock"),
    ],
)
def test_an_address_is_shown_as_it_is_written(address: Address, text: str) -> None:
    assert str(address) == text
