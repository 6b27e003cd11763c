"""PROXY headers as they are sent: read again by what reads those that come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.forward.proxy_protocol_header import header
from porch.listen.proxy_protocol import Announced, decode


def test_a_header_is_what_the_protocol_says() -> None:
    assert header("v1", b"192.0.2.1") == b"PROXY TCP4 192.0.2.1 0.0.0.0 0 0\r\n"
    assert header("v1", b"2001:db8::1") == b"PROXY TCP6 2001:db8::1 :: 0 0\r\n"
    v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes((192, 0, 2, 1)) + bytes(8)
    assert header("v2", b"192.0.2.1") == v2


@pytest.mark.parametrize("version", ["v1", "v2"])
@given(address=st.ip_addresses().filter(lambda ip: not getattr(ip, "ipv4_mapped", None)))
def test_what_is_sent_is_read_as_it_was_meant(version: str, address: object) -> None:
    sent = header(version, str(address).encode())
    own = "::" if ":" in str(address) else "0.0.0.0"
    assert decode(sent) == Announced(len(sent), (str(address), 0), (own, 0))


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("client", [None, b"unix", b"junk\r\nGET /"])
def test_who_has_no_address_is_told_as_nobody(version: str, client: bytes | None) -> None:
    sent = header(version, client)
    assert decode(sent) == Announced(len(sent))
    assert b"junk" not in sent


def test_no_version_is_no_header() -> None:
    assert header("", b"192.0.2.1") == b""
