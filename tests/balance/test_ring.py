"""Where endpoints are on the ring, and what moves when they come and go."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porch.balance.endpoint import Endpoint
from porch.balance.ring import POINTS, Ring, point_of
from tests.support.chance import is_fair
from tests.support.pools import pool

KEYS = [point_of(b"%d" % number) for number in range(20_000)]


def ring(endpoints: list[Endpoint]) -> Ring:
    made = Ring()
    made.place(endpoints)
    return made


def owner(of: Ring, point: int) -> Endpoint:
    return next(of.walk(point))


def owners(of: Ring) -> list[Endpoint]:
    return [owner(of, point) for point in KEYS]


def shares(of: Ring) -> dict[Endpoint, float]:
    """Of the whole ring, by all of its points and not by some keys."""
    entries = sorted(entry for arc in of._arcs for entry in arc)
    points = [(entry >> 20, of._members[entry & 0xFFFFF]) for entry in entries]
    found: dict[Endpoint, float] = {}
    before = points[-1][0] - 2**32
    for point, endpoint in points:
        found[endpoint] = found.get(endpoint, 0.0) + (point - before) / 2**32
        before = point
    return found


@pytest.mark.parametrize("count", [2, 10, 100, 1000])
def test_no_endpoint_has_more_than_125_hundredths_of_its_share(count: int) -> None:
    found = shares(ring(pool(*[1] * count)))
    assert len(found) == count
    assert max(found.values()) <= 1.25 / count
    assert min(found.values()) >= 0.75 / count


def test_shares_follow_the_weights() -> None:
    endpoints = pool(1, 2, 5, 0)
    found = shares(ring(endpoints))
    for each in endpoints[:3]:
        assert found[each] == pytest.approx(each.weight / 8, rel=0.2)
    assert endpoints[3] not in found


def test_one_that_goes_moves_its_keys_alone() -> None:
    endpoints = pool(*[1] * 10)
    before, after = owners(ring(endpoints)), owners(ring(endpoints[:4] + endpoints[5:]))
    moved = [one for one, two in zip(before, after, strict=True) if one is not two]
    assert {*moved} == {endpoints[4]}
    assert len(moved) == before.count(endpoints[4]) <= 1.25 / 10 * len(KEYS)
    taken = {two for one, two in zip(before, after, strict=True) if one is not two}
    assert len(taken) == 9, "all others take some of them"


def test_one_that_comes_takes_keys_and_moves_none_between_the_others() -> None:
    endpoints = pool(*[1] * 10)
    grown = ring(endpoints[:9])
    before = owners(grown)
    grown.place(endpoints)
    after = owners(grown)
    assert {two for one, two in zip(before, after, strict=True) if one is not two} == {endpoints[9]}


def test_another_order_is_the_same_ring() -> None:
    endpoints = pool(*[1] * 20)
    names = [each.name for each in owners(ring(endpoints))]
    assert [each.name for each in owners(ring(endpoints[::-1]))] == names


def test_a_ring_that_was_changed_is_like_one_that_is_made_so() -> None:
    endpoints = pool(*[1] * 40)
    changed = ring(endpoints[:30])
    owners(changed)
    endpoints[3].weight = 2
    changed.place(endpoints[2:])
    assert owners(changed) == owners(ring(endpoints[2:]))


def test_more_weight_takes_keys_and_gives_none_away() -> None:
    endpoints = pool(1, 1, 1, 1)
    one = ring(endpoints)
    before = owners(one)
    endpoints[2].weight = 1.5
    one.place(endpoints)
    moved = {two for was, two in zip(before, owners(one), strict=True) if was is not two}
    assert moved == {endpoints[2]}


def test_all_weights_twice_as_heavy_change_nothing() -> None:
    endpoints = pool(1, 2, 3)
    before = owners(ring(endpoints))
    for each in endpoints:
        each.weight *= 4
    assert owners(ring(endpoints)) == before


def test_a_walk_meets_every_endpoint() -> None:
    endpoints = pool(*[1] * 50)
    made = ring(endpoints)
    for point in (0, 2**31, 2**32 - 1):
        assert {*made.walk(point)} == {*endpoints}


@pytest.mark.parametrize("but", [0, 1, 3])
def test_who_is_found_is_the_first_of_the_walk_that_will_do(but: int) -> None:
    endpoints = pool(*[1] * 30)
    made = ring(endpoints)
    among, not_them = {*endpoints[:25]}, endpoints[:but]
    found = []
    for point in KEYS[:500]:
        walked = (each for each in made.walk(point) if each in among and each not in not_them)
        found.append((made.find(point, among, not_them), next(walked)))
    assert all(one is two for one, two in found if one is not None)
    assert sum(one is None for one, _ in found) < 15


def test_keys_that_differ_little_spread_as_they_should() -> None:
    for word in (b"/item/%d", b"10.0.0.%d", b"%04d/index.html", b"user=%d"):
        points = [point_of(word % number) >> 30 for number in range(4000)]
        assert is_fair([points.count(each) for each in range(4)], [1] * 4)


def test_ten_thousand_are_placed_in_small_steps_and_those_that_stay_are_not_placed_again() -> None:
    endpoints = pool(*[1] * 300)
    made = Ring()

    def steps(of: list[Endpoint]) -> int:
        work: Iterator[None] = made.placing(of)
        return sum(1 for _ in work)

    assert steps(endpoints) == 300
    assert steps(endpoints) == 0
    assert steps(endpoints[1:]) == 1
    assert steps([*endpoints[1:], *pool(1)]) == 1
    assert repr(made) == f"<Ring 300 endpoints, {300 * POINTS} points>"


def test_an_empty_ring_has_nobody() -> None:
    made = ring([])
    assert [*made.walk(7)] == []
    assert made.find(7, {}) is None
    made.place(pool(1, 1))
    assert len({*made.walk(7)}) == 2
    made.place(pool(0))
    assert [*made.walk(7)] == []


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sets(st.integers(0, 11), min_size=1), min_size=1, max_size=6))
def test_whoever_comes_and_goes_the_ring_has_those_that_are_there(turns: list[set[int]]) -> None:
    endpoints = pool(1, 2, 1, 9, 1, 1, 3, 1, 0.5, 1, 1, 1)
    made = Ring()
    for turn in turns:
        made.place([endpoints[number] for number in sorted(turn)])
        assert {*made.walk(123)} == {endpoints[number] for number in turn}
