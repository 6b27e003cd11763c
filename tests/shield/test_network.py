"""Which list an address is in: beside a plain search through all entries."""

import ipaddress
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.config.steps import complete
from porch.shield.network import (
    ALLOWED,
    DENIED,
    UNNAMED,
    Gathering,
    Table,
    parse_network,
    spelled,
)


def table(allow: list[str], deny: list[str]) -> Table:
    gathering = Gathering()
    for texts, says in ((allow, ALLOWED), (deny, DENIED)):
        for text in texts:
            gathering.add(parse_network(text), says)
    return complete(gathering.compiling())


def said(found: Table, address: str) -> int:
    return found.of(ipaddress.ip_address(address).packed)


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.0/8", (10 << 24, 32, 8)),
        ("10.0.0.1", ((10 << 24) + 1, 32, 32)),
        ("::/0", (0, 128, 0)),
        ("2001:db8::1", ((0x20010DB8 << 96) + 1, 128, 128)),
        ("::ffff:10.0.0.0/104", (10 << 24, 32, 8)),
        ("::ffff:10.0.0.1", ((10 << 24) + 1, 32, 32)),
    ],
)
def test_networks_are_read(text: str, network: tuple[int, int, int]) -> None:
    assert parse_network(text) == network


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10.0.0.1/8", r"write 10.0.0.0/8, or 10.0.0.1 alone"),
        ("fe80::1/10", r"write fe80::/10, or fe80::1 alone"),
        ("10.0.0.0/33", "more bits than an address"),
        ("::ffff:10.0.0.0/95", "more bits"),
        ("10.0.0.0/", "no address"),
        ("10.0.0.0/-1", "no address"),
        ("10.0.0.0/٨", "no address"),
        ("10.0.0", "no address"),
        ("010.0.0.1", "no address"),
        ("fe80::1%eth0", "no address"),
        ("a.test", "no address"),
        ("", "no address"),
        ("10.0.0.1\0", "no address"),
    ],
)
def test_what_is_no_network_is_told_with_what_was_meant(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_network(text)


def test_the_longest_network_decides_whichever_list_it_is_in() -> None:
    found = table(["10.0.0.5", "10.1.0.0/16"], ["10.0.0.0/8", "10.1.1.0/24"])
    assert said(found, "10.0.0.4") == said(found, "10.0.0.6") == DENIED
    assert said(found, "10.0.0.5") == ALLOWED
    assert said(found, "10.1.0.255") == said(found, "10.1.2.0") == ALLOWED
    assert said(found, "10.1.1.0") == said(found, "10.1.1.255") == DENIED
    assert said(found, "9.255.255.255") == said(found, "11.0.0.0") == UNNAMED


def test_the_very_same_network_in_both_is_denied() -> None:
    for one in ("10.0.0.1", "2001:db8::/32"):
        host = one.partition("/")[0]
        assert said(table([one], [one]), host) == DENIED


def test_ipv4_and_ipv6_are_apart() -> None:
    found = table(["0.0.0.1"], ["::1"])
    assert (said(found, "0.0.0.1"), said(found, "::1"), said(found, "::2")) == (1, 2, 0)


def test_a_network_of_all_is_kept_apart_for_it_is_the_weakest_word() -> None:
    found = table(["0.0.0.0/0"], ["::/0"])
    assert (said(found, "10.0.0.1"), said(found, "::1")) == (UNNAMED, UNNAMED)
    assert found.everybody == {4: ALLOWED, 16: DENIED}


def test_the_last_address_of_all_can_be_named() -> None:
    found = table(["255.255.255.255"], ["ffff::/16"])
    assert said(found, "255.255.255.255") == ALLOWED
    assert said(found, "255.255.255.254") == UNNAMED
    assert said(found, "ffff:" + "ffff:" * 6 + "ffff") == DENIED


NETWORKS = st.lists(st.tuples(st.integers(0, 255), st.integers(1, 8), st.booleans()), max_size=40)


def plainly(entries: list[tuple[int, int, bool]], number: int) -> int:
    """The longest of all that hold it; denied before allowed."""
    best = (0, UNNAMED)
    for first, prefix, deny in entries:
        if first >> (8 - prefix) == number >> (8 - prefix):
            best = max(best, (prefix, DENIED if deny else ALLOWED))
    return best[1]


@pytest.mark.parametrize("bits", [32, 128])
@given(entries=NETWORKS)
def test_a_table_says_what_a_search_through_all_entries_would(
    bits: int, entries: list[tuple[int, int, bool]]
) -> None:
    """In the first eight bits, of which every value is tried, at both ends of it."""
    gathering = Gathering()
    for first, prefix, deny in entries:
        whole = first >> (8 - prefix) << (8 - prefix)
        gathering.add((whole << (bits - 8), bits, prefix), DENIED if deny else ALLOWED)
    found = complete(gathering.compiling())
    for number in range(256):
        expected = plainly(entries, number)
        for rest in (0, (1 << (bits - 8)) - 1):
            address = (number << (bits - 8) | rest).to_bytes(bits // 8, "big")
            assert found.of(address) == expected


def test_a_hundred_thousand_entries_are_right_too() -> None:
    chance = random.Random(7)
    numbers = chance.sample(range(1 << 32), 100_000)
    gathering = Gathering()
    for number in numbers:
        gathering.add((number, 32, 32), DENIED)
    steps = 0
    compiling = gathering.compiling()
    while True:
        try:
            next(compiling)
        except StopIteration as done:
            found = done.value
            break
        steps += 1
    assert steps > 400
    named = set(numbers)
    for number in numbers[:500]:
        assert found.of(number.to_bytes(4, "big")) == DENIED
        near = number + 1 & 0xFFFFFFFF
        assert (found.of(near.to_bytes(4, "big")) == DENIED) == (near in named)
    assert len(found) <= 200_002


def test_addresses_are_spelled_as_usual() -> None:
    assert spelled(10 << 24, 32) == "10.0.0.0"
    assert spelled(1, 128) == "::1"
