"""Hosts and addresses, as authorities, stores and handshakes write them."""

import pytest

from porch.certs.identifiers import alpn_name, canonical, is_address, stored


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("192.0.2.7", True),
        ("2001:db8::1", True),
        ("[::1]", True),
        ("a.example", False),
        ("1.2.3", False),
    ],
)
def test_an_address_is_told_from_a_name(name: str, expected: bool) -> None:
    assert is_address(name) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("A.Example.", "a.example"),
        ("[2001:DB8:0::1]", "2001:db8::1"),
        ("*.a.Example", "*.a.example"),
    ],
)
def test_a_name_is_written_in_one_way(name: str, expected: str) -> None:
    assert canonical(name) == expected


def test_an_address_is_asked_for_in_reverse() -> None:
    assert alpn_name("192.0.2.7") == "7.2.0.192.in-addr.arpa"
    assert alpn_name("[2001:db8::1]").endswith("8.b.d.0.1.0.0.2.ip6.arpa")
    assert alpn_name("Shop.Example") == "shop.example"


def test_a_name_in_a_store_has_no_star_and_no_colon() -> None:
    assert stored("*.Shop.example") == "_.shop.example"
    assert stored("2001:db8::1") == "2001-db8--1"
