"""The address of an endpoint, as logs show it."""

import pytest

from porch.forward.address import BOTH, ONE, TWO, Address
from porch.tls.origin import client_context


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


def test_http_1_1_alone_is_spoken_where_it_may_be() -> None:
    both, one = (client_context(verify=False) for _ in range(2))
    plain = Address(host="a", port=1)
    assert plain.one is plain
    assert Address(host="a", port=1, protocols=TWO).one is None
    agreeing = Address(host="a", port=1, tls=both, protocols=BOTH, tls_one=one, server_name="b")
    assert agreeing.one == Address(host="a", port=1, tls=one, protocols=ONE, server_name="b")
