"""An answer is as old as the oldest of what tells (RFC 9111 4.2.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.cache.age import initial_age
from porch.cache.directives import FOREVER

NOW = 1_700_000_000.0


def age(*values: bytes, date: float | None = NOW, delay: float = 0.0) -> float:
    fields = [(b"age", value) for value in values]
    return initial_age(fields, date, requested=NOW - delay, received=NOW)


def test_an_answer_just_made_is_new():
    assert age() == 0


@pytest.mark.parametrize(
    "value", [b"abc", b"-7200", b"7200.0", b"", b"+1", b"7200;foo=bar", b'"7"']
)
def test_an_age_that_is_no_number_is_not_heard(value):
    assert age(value) == 0
    assert age(value, b"5") == 0


@pytest.mark.parametrize("value", [b"2147483648", b"2147483649", b"9" * 500])
def test_an_age_that_cannot_be_counted_is_the_greatest(value):
    assert age(value) == FOREVER


def test_an_age_of_the_greatest_number_of_old_clocks_is_counted():
    assert age(b"2147483647") == 2147483647


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((b"7200, 0",), 7200),
        ((b"0, 7200",), 0),
        ((b"7200", b"0"), 7200),
        ((b"0", b"7200"), 0),
        ((b"0, 0",), 0),
        ((b"0", b"0"), 0),
        ((b"3600", b"3600"), 3600),
        ((b"0030",), 30),
    ],
)
def test_of_several_ages_the_first_counts(lines, expected):
    assert age(*lines) == expected


def test_a_date_in_the_past_is_age_and_one_ahead_is_none():
    assert age(date=NOW - 7200) == 7200
    assert age(date=NOW + 10) == 0
    assert age(b"15", date=NOW + 10) == 15
    assert age(b"25", date=NOW - 10) == 25
    assert age(b"5", date=NOW - 10) == 10


def test_an_answer_without_date_is_as_old_as_its_way_was_long():
    assert age(date=None, delay=2.5) == 2.5


def test_the_way_is_added_to_age_and_not_to_date():
    assert age(b"30", delay=5) == 35
    assert age(date=NOW - 3, delay=5) == 5


@pytest.mark.parametrize("late", [0.0, 0.3, 0.99])
def test_a_date_that_may_be_of_this_exchange_makes_nothing_older(late):
    """It has whole seconds: what was made at 9.99 says 9."""
    assert age(date=NOW - late) == 0
    assert age(date=NOW - 2 - late, delay=2) == 2
    assert age(b"1", date=NOW - late) == 1


def test_a_date_from_before_it_was_asked_for_is_age_to_the_fraction():
    assert age(date=NOW - 1.5) == 1.5
    assert age(date=NOW - 3.5, delay=2) == 3.5


def test_a_clock_that_was_set_back_meanwhile_makes_nothing_younger():
    assert age(b"30", delay=-100) == 30


times = st.floats(-1e10, 1e10)


@given(st.lists(st.binary(max_size=12), max_size=3), st.none() | times, times, times)
def test_an_age_is_never_negative_and_never_below_what_age_says(values, date, requested, received):
    fields = [(b"age", value) for value in values]
    found = initial_age(fields, date, requested=requested, received=received)
    assert 0 <= found <= FOREVER
    if values and values[0].isdigit():
        assert found >= min(int(values[0]), FOREVER)
    if date is not None and received - date >= 1 + max(0.0, received - requested):
        assert found >= min(received - date, FOREVER)
