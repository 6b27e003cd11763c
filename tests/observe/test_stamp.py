"""Moments as texts, against the standard library's own ideas of them."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.observe.stamp import clf, iso, local, utc, utc_ms

SECONDS = st.integers(min_value=0, max_value=4_000_000_000)


@given(SECONDS)
def test_iso_is_what_datetime_reads(second):
    assert datetime.fromisoformat(iso(second).decode() + "Z").timestamp() == second


@given(SECONDS)
def test_a_moment_in_words_is_what_datetime_reads(second):
    assert datetime.fromisoformat(utc(second + 0.999)).timestamp() == second
    assert datetime.fromisoformat(utc_ms(second + 0.25)).timestamp() == second + 0.25
    assert (utc(0.5), utc_ms(7.0625)) == ("1970-01-01T00:00:00Z", "1970-01-01T00:00:07.062Z")


@given(SECONDS)
def test_clf_names_the_same_moment_with_its_zone(second):
    read = datetime.strptime(clf(second).decode(), "%d/%b/%Y:%H:%M:%S %z")
    assert read == datetime.fromtimestamp(second, UTC)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC0", b"14/Nov/2023:22:30:00 +0000"),
        ("TWO-02:00", b"15/Nov/2023:00:30:00 +0200"),
        ("NST03:30", b"14/Nov/2023:19:00:00 -0330"),
        ("IST-05:30", b"15/Nov/2023:04:00:00 +0530"),
    ],
)
def test_clf_in_zones_on_both_sides(monkeypatch, zone, text):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    assert clf(1_700_001_000) == text


def test_local_is_the_time_on_the_wall_here():
    assert local(1_700_001_000) == b"00:30:00"
