"""Rates of what was counted between two looks."""

import pytest

from porch.observe.meter import BOUNDS, BUCKETS, BYTES_OUT, FIRST_BYTE, TOTAL, WIDTH
from porch.observe.rates import quantile, rates


def counted(**cells: int) -> list[int]:
    """All cells 0 but these: `c3=5` is cell 3."""
    made = [0] * WIDTH
    for name, value in cells.items():
        made[int(name[1:])] = value
    return made


def test_nothing_has_no_times() -> None:
    row = rates(counted(), 2.0)
    assert row["per_second"] == row["share_failed"] == row["failed"] == 0
    assert row["p50"] is row["p99"] is row["first_byte_p99"] is None


def test_no_answer_and_those_of_500_and_above_have_failed() -> None:
    row = rates(counted(c0=1, c2=6, c4=2, c5=1), 2.0)
    assert (row["per_second"], row["failed"], row["share_failed"]) == (5.0, 2, 0.2)


def test_bytes_are_a_second() -> None:
    assert rates(counted(**{f"c{BYTES_OUT}": 3000}), 2.0)["bytes_per_second"] == 1500


@pytest.mark.parametrize("start", [TOTAL, FIRST_BYTE])
def test_a_quantile_lies_within_its_bucket_evenly(start: int) -> None:
    cells = counted(**{f"c{start + 2}": 10})
    low, high = BOUNDS[0], BOUNDS[1]
    assert quantile(cells, start, 0.5) == pytest.approx(low + (high - low) / 2)
    assert quantile(cells, start, 1.0) == high


def test_above_all_bounds_is_the_last_of_them() -> None:
    cells = counted(**{f"c{TOTAL + BUCKETS}": 1})
    assert quantile(cells, TOTAL, 0.99) == BOUNDS[-1]
