"""Dates, and the field that says when to come again."""

from datetime import UTC, datetime, timedelta

import pytest

from porch import clock
from porch.certs import moments

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_present_is_what_the_clock_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall", NOON.timestamp)
    assert moments.now() == NOON


def test_a_moment_is_read_as_it_was_written() -> None:
    assert moments.text(NOON) == "2026-03-01T12:00:00Z"
    assert moments.parse(moments.text(NOON)) == NOON


@pytest.mark.parametrize("written", [None, "", "soon", "2026-03-01", "2026-03-01T12:00:00", 7])
def test_what_is_no_date_with_a_zone_is_none(written: object) -> None:
    assert moments.parse(written) is None


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("Sun, 01 Mar 2026 12:05:00 GMT", 300),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("Sun, 01 Mar 2026 12:05:00 -0000", 300),
        ("9" * 40, 8 * 86400),
        ("Sun, 01 Mar 2099 12:05:00 GMT", 8 * 86400),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_bounded(field: str, seconds: int) -> None:
    assert moments.retry_after(field, NOON) == NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize("field", [None, "", "soon", "-1", "1.5", "²"])
def test_a_retry_after_that_says_nothing_is_none(field: str | None) -> None:
    assert moments.retry_after(field, NOON) is None
