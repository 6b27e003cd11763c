"""Every address is an endpoint."""

import pytest

from porch.balance.discover.dns import Addresses
from porch.balance.discover.found import Found


class Names:
    """Knows these, for 7 seconds."""

    def __init__(self, *addresses: str) -> None:
        self.known = [*addresses]

    async def addresses(self, name: str) -> tuple[list[str], float]:
        assert name == "api.test"
        if not self.known:
            raise OSError("DNS knows no such name")
        return self.known, 7.0


def test_each_address_has_the_port(looks):
    (found,) = looks.first(
        1, Addresses(Names("10.0.0.1", "fd00::1"), "", "api.test", 80).endpoints()
    )
    assert found == [Found("10.0.0.1:80"), Found("[fd00::1]:80")]


def test_https_is_told_to_each(looks):
    lists = Addresses(Names("10.0.0.1"), "https://", "api.test", 8443).endpoints()
    assert looks.first(1, lists) == [[Found("https://10.0.0.1:8443")]]


@pytest.mark.parametrize(("every", "waits"), [(0.0, 7.0), (2.0, 2.0)])
def test_it_is_asked_again_when_the_ttl_is_over_or_as_said(looks, every, waits):
    names = Names("10.0.0.1")
    looks.first(3, Addresses(names, "", "api.test", 80, every).endpoints())
    assert looks.waits == [waits, waits]


def test_a_name_that_is_gone_is_an_error_and_no_empty_list(looks):
    with pytest.raises(OSError, match="no such name"):
        looks.first(1, Addresses(Names(), "", "api.test", 80).endpoints())
