"""Names as certificates have them."""

import pytest

from porch.certs.names import DOMAINS, NETWORKS, address_of, is_local, is_within, shown


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "LOCALHOST.",
        "app.localhost",
        "*.localhost",
        "db.internal",
        "*.a.test",
        "nas.home.arpa",
        "printer.local",
        "nas",
        "127.0.0.1",
        "8.8.8.8",
        "[::1]",
        "::1",
        "[2001:db8::1]",
    ],
)
def test_what_no_public_authority_vouches_for_is_local(name: str) -> None:
    assert is_local(name)


@pytest.mark.parametrize(
    "name",
    [
        "example.com",
        "*.example.com",
        "localhost.com",
        "a.mytest",
        "home.arpa.com",
        "x.arpa",
        "*",
        "",
    ],
)
def test_what_is_public_or_nothing_is_not(name: str) -> None:
    assert not is_local(name)


@pytest.mark.parametrize(
    ("name", "is_permitted"),
    [
        ("localhost", True),
        ("a.b.test", True),
        ("*.local", True),
        ("nas", False),
        ("example.com", False),
        ("nottest", False),
        ("127.255.0.1", True),
        ("10.0.0.1", True),
        ("172.32.0.1", False),
        ("192.168.1.1", True),
        ("169.254.1.1", True),
        ("8.8.8.8", False),
        ("[::1]", True),
        ("fd00::1", True),
        ("[fe80::1]", True),
        ("[2001:db8::1]", False),
    ],
)
def test_what_the_root_permits(name: str, is_permitted: bool) -> None:
    assert is_within(name, DOMAINS, NETWORKS) is is_permitted


def test_more_can_be_permitted() -> None:
    assert is_within("a.nas", (*DOMAINS, "nas"), NETWORKS)
    assert not is_within("anas", (*DOMAINS, "nas"), NETWORKS)


@pytest.mark.parametrize(
    ("name", "again"),
    [("127.0.0.1", "127.0.0.1"), ("[0:0::1]", "[::1]"), ("::1", "[::1]"), ("a.test", None)],
)
def test_an_address_is_shown_as_a_route_has_it(name: str, again: str | None) -> None:
    address = address_of(name)
    assert (shown(address) if address else None) == again
