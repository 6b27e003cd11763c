"""Which names may have a certificate on demand."""

import pytest

from porch.certs.covered import Covered

ALL = Covered(
    named=frozenset({"own.example"}),
    wildcards={"*.shop.example": True, "*.kept.example": False, "*.a.shop.example": False},
    everybody=True,
)


@pytest.mark.parametrize("name", ["a.example", "x.shop.example", "xn--bcher-kva.example", "a-b.co"])
def test_a_public_name_under_such_a_route_may(name: str) -> None:
    assert ALL(name)


@pytest.mark.parametrize(
    "name",
    [
        "own.example",  # it has a route of its own
        "x.y.shop.example",  # of those there is no end
        "x.kept.example",  # the wildcard itself is certified
        "x.a.shop.example",
        "x.y.kept.example",
        "",
        "shop",
        "localhost",
        "a.localhost",
        "a.test",
        "nas.home.arpa",
        "192.0.2.1",
        "[2001:db8::1]",
        "2001:db8::1",
        "a.1",
        "-a.example",
        "a_b.example",
        "*.example",
        "a..example",
        "a.example.",
        "A.example",
        "a.example/x",
        "../a.example",
        "a.example\n",
        "a\x00b.example",
        "b\xfccher.example",
        f"{'a' * 64}.example",
        ".".join("abcdefghijk"),
        ".".join(["a" * 60] * 5),
    ],
)
def test_no_other_name_may(name: str) -> None:
    assert not ALL(name)


def test_without_a_route_of_any_host_only_those_of_wildcards_may() -> None:
    found = Covered(wildcards={"*.shop.example": True}, everybody=False)
    assert [found(each) for each in ("a.shop.example", "shop.example", "b.example")] == [
        True,
        False,
        False,
    ]
    assert (bool(found), found.hosts, ALL.hosts) == (
        True,
        ["*.shop.example"],
        ["*.shop.example", "*"],
    )
    assert not Covered(wildcards={"*.shop.example": False}, everybody=False)
