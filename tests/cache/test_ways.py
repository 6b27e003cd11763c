"""By which keys answers are let go of, from one configuration to the next."""

from array import array

import pytest

from porch import clock
from porch.cache.ways import ALL, LEAVING, MOST, Attended, unattended, way

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


def two() -> tuple[Attended, Attended]:
    """Of an old worker and a new one."""
    cells = memoryview(array("q", (0, 0)))
    return Attended(cells), Attended(cells)


def test_who_keeps_by_the_ways_of_before_knows_that_another_keeps_by_others() -> None:
    old, new = two()
    assert old.is_alone(), "nobody has said anything"
    old.take({b"a.test": ONE}, parts=True)
    new.take({b"a.test": ONE}, parts=False)
    assert old.is_alone()
    assert new.is_alone()
    new.take({b"a.test": ONE + TWO}, parts=False)
    assert new.is_alone(), "those of before are among its own"
    assert not old.is_alone()
    old.take({b"a.test": ONE + TWO}, parts=False)
    assert old.is_alone()


def test_who_has_other_ways_than_before_knows_of_those_who_leave_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = 1000.5
    monkeypatch.setattr(clock, "uptime", lambda: at)
    old, new = two()
    old.take({b"a.test": ONE}, parts=True)
    new.take({b"a.test": TWO}, parts=True)
    at += LEAVING - 1
    assert not new.is_alone()
    new.take({b"a.test": TWO}, parts=True)
    at += 1
    assert new.is_alone()
    assert not old.is_alone()
