"""By which keys answers are let go of, from one configuration to the next."""

import pytest

from porch.cache.ways import ALL, MOST, unattended, way

ONE, TWO = way("a"), way("b")


def test_a_way_is_the_same_for_the_same_words_alone() -> None:
    assert way("a", b"b", None) == way("a", b"b", None)
    assert len({way("a"), way(b"a"), way("a", "b"), way("ab")}) == 4


@pytest.mark.parametrize(
    ("before", "now", "gone"),
    [
        ({}, {b"a.test": ONE}, []),
        ({b"a.test": ONE}, {b"a.test": ONE}, []),
        ({b"a.test": ONE}, {b"a.test": TWO + ONE}, []),
        ({b"a.test": ONE + TWO}, {b"a.test": ONE}, [("host", b"a.test")]),
        ({b"a.test": ONE, b"b.test": ONE}, {b"b.test": ONE}, [("host", b"a.test")]),
        ({b"a.test": ONE, ALL: ONE}, {b"a.test": TWO, ALL: TWO}, [("all", b"")]),
    ],
)
def test_only_what_nobody_would_let_go_of_is_purged(
    before: dict[bytes, bytes], now: dict[bytes, bytes], gone: list[tuple[str, bytes]]
) -> None:
    assert unattended(before, now) == gone


def test_of_many_hosts_everything_goes_in_one() -> None:
    hosts = {b"%d.test" % number: ONE for number in range(MOST + 1)}
    assert unattended(hosts, {}) == [("all", b"")]
    hosts.popitem()
    assert len(unattended(hosts, {})) == MOST
