"""The ends of a connection, as transports name them."""

import asyncio
from typing import Literal

import pytest

from porch.listen.ip import ip_of


@pytest.mark.parametrize("end", ["peername", "sockname"])
@pytest.mark.parametrize(
    ("name", "ip"),
    [
        (("192.0.2.7", 5), "192.0.2.7"),
        (("2001:db8::1", 5, 0, 0), "2001:db8::1"),
        (("::ffff:192.0.2.7", 5, 0, 0), "192.0.2.7"),
        (("fe80::1%eth0", 5, 0, 2), "fe80::1"),
        ("", ""),
        (b"", ""),
        (None, ""),
    ],
)
def test_an_end_is_its_bare_address(
    end: Literal["peername", "sockname"], name: object, ip: str
) -> None:
    assert ip_of(asyncio.BaseTransport({end: name}), end) == ip
