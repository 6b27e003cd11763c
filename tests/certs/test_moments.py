"""Dates, in words too, and the field that says when to come again."""

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


def test_a_person_is_told_the_minute_and_a_program_the_second() -> None:
    assert moments.words(1_772_366_459.9) == "2026-03-01 12:00 UTC"
    assert moments.text(moments.at(1_772_366_459.9)) == "2026-03-01T12:00:59Z"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (59.9, "less than a minute"),
        (60, "1 minute"),
        (3599, "59 minutes"),
        (3600, "1 hour"),
        (86399, "23 hours"),
        (86400, "1 day"),
        (14 * 86400, "14 days"),
    ],
)
def test_a_span_has_one_unit_and_is_rounded_down(seconds: float, words: str) -> None:
    assert moments.span(seconds) == words


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
