"""Moments and spans in words."""

import pytest

from porch.certs.dates import iso, moment, span


def test_a_moment_is_said_in_utc_and_to_the_minute() -> None:
    assert moment(1_772_366_459.9) == "2026-03-01 12:00 UTC"


def test_a_program_gets_the_seconds_too() -> None:
    assert iso(1_772_366_459.9) == "2026-03-01T12:00:59Z"


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
    assert span(seconds) == words
