"""The account of what honest clients seldom do."""

import re
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import pytest

from porch import clock
from porch.http import h2_glitches
from porch.http.h2_glitches import (
    MOST,
    MOST_FREE,
    PINGS,
    RATE,
    RESETS,
    SETTINGS,
    Glitches,
    Kind,
)

NAMED = {name: getattr(h2_glitches, name) for name in h2_glitches.__all__}
KINDS = {name: kind for name, kind in NAMED.items() if isinstance(kind, Kind)}


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", 1000.0)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_last_point_is_spent_by_one_more_than_the_table_says(kind: Kind) -> None:
    glitches = Glitches()
    glitches.add(kind, int(MOST / kind.points))
    assert glitches.spent is None
    glitches.add(kind)
    assert glitches.spent is kind


def test_points_come_back_and_never_beyond_what_there_was(monkeypatch: pytest.MonkeyPatch) -> None:
    glitches = Glitches()
    for _ in range(300):
        glitches.add(RESETS)
    monkeypatch.setattr(clock, "now", 1000.0 + 300 * 3 / RATE)
    for _ in range(333):
        glitches.add(RESETS)
    assert glitches.spent is None
    monkeypatch.setattr(clock, "now", 5000.0)
    for _ in range(333):
        glitches.add(RESETS)
    assert glitches.spent is None
    glitches.add(RESETS)
    assert glitches.spent is RESETS


def test_a_mixture_is_no_way_around_it() -> None:
    glitches = Glitches()
    for _ in range(77):
        glitches.add(RESETS)
        glitches.add(SETTINGS)
    assert glitches.spent is SETTINGS
    assert glitches.told() == "77 SETTINGS frames, 77 resets of its own requests"


def test_free_frames_cost_nothing_and_are_not_counted() -> None:
    glitches = Glitches()
    glitches.free = 5
    for _ in range(5):
        glitches.add_free(PINGS)
    assert glitches.told() == "none"
    glitches.add_free(PINGS)
    assert glitches.told() == "1 PING frames"


def test_only_so_many_free_frames_can_be_saved_up() -> None:
    glitches = Glitches()
    glitches.free = 10 * MOST_FREE
    glitches.add_free(PINGS)
    assert glitches.free == MOST_FREE - 1


def test_it_says_what_it_is() -> None:
    glitches = Glitches()
    glitches.add(RESETS)
    assert repr(glitches) == "<Glitches 997 points left, 1 resets of its own requests>"


def numbers(words: Iterable[str]) -> tuple[Fraction, ...]:
    return tuple(Fraction(word.replace(",", "")) for word in words)


def held(kind: Kind) -> tuple[Fraction, ...]:
    """Points, how many at once, and how many a second."""
    points = Fraction(kind.points)
    return points, Fraction(MOST // points), Fraction(RATE // points)


def test_the_table_in_the_docstring_is_what_holds() -> None:
    rows = re.findall(
        r"^\| ([A-Z_]+) +\| +([\d/]+) \| +([\d,]+) \| +(\d+) \|", h2_glitches.__doc__, re.M
    )
    assert {row[0]: numbers(row[1:]) for row in rows} == {
        name: held(kind) for name, kind in KINDS.items()
    }


def test_the_table_of_the_page_has_the_same_points() -> None:
    page = (Path(__file__).parents[2] / "docs" / "http2.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| .+ \| ([\d/]+) \| ([\d,]+) \| (\d+) \|$", page, re.M)
    assert {numbers(row) for row in rows} == {held(kind) for kind in KINDS.values()}
