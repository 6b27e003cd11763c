"""Units: what is read, what is refused, and that the refusal shows the right form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.config.units import (
    parse_duration,
    parse_share,
    parse_size,
    spell_duration,
    spell_share,
    spell_size,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("500ms", 0.5),
        ("5m", 300),
        ("1h", 3600),
        ("1.5h", 5400),
        ("2d", 172800),
        ("1w", 604800),
        ("1y", 31536000),
        ("0s", 0),
        ("5 s", 5),
    ],
)
def test_a_duration_is_a_number_with_its_unit(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (90, '"90s"'),
        (1.5, '"1.5s"'),
        (-5, '"90s"'),
        ("90", '"90s"'),
        ("5 minutes", '"90s"'),
        ("5M", '"90s"'),
        ("-5s", '"90s"'),
        ("", '"90s"'),
        (True, '"90s"'),
        (None, '"90s"'),
        (["5s"], '"90s"'),
        ("9" * 400 + "y", '"90s"'),
        ("5s\n", '"90s"'),
    ],
)
def test_another_duration_is_refused_with_one_that_is_right(value, shown):
    with pytest.raises(ValueError, match="a duration is a number with its unit") as caught:
        parse_duration(value)
    assert str(caught.value).endswith(shown)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("64KB", 65536),
        ("64KiB", 65536),
        ("64kb", 65536),
        ("64MB", 64 << 20),
        ("1GiB", 1 << 30),
        ("1.5GB", 3 << 29),
        ("2TB", 2 << 40),
        ("0B", 0),
        ("100 B", 100),
    ],
)
def test_a_size_is_a_number_with_its_unit(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1024, '"1024B"'),
        ("1024", '"1024B"'),
        ("64K", '"64MB"'),
        ("64 megabytes", '"64MB"'),
        ("-1B", '"64MB"'),
        (False, '"64MB"'),
        ({}, '"64MB"'),
        ("9" * 400 + "TB", '"64MB"'),
    ],
)
def test_another_size_is_refused_with_one_that_is_right(value, shown):
    with pytest.raises(ValueError, match="a size is a number with its unit") as caught:
        parse_size(value)
    assert str(caught.value).endswith(shown)


def test_a_share_is_a_part_of_the_whole():
    assert [parse_share(each) for each in ("5%", "0%", "100 %", "12.5%")] == [0.05, 0, 1, 0.125]


@pytest.mark.parametrize("value", ["5", 5, 0.05, "101%", "-1%", "%", True])
def test_another_share_is_refused(value):
    with pytest.raises(ValueError, match='such as "5%"'):
        parse_share(value)


def test_durations_and_sizes_are_spelled_plainly():
    assert [spell_duration(each) for each in (0, 0.5, 5, 75, 60, 300, 3600, 86400 * 2)] == [
        "0s",
        "500ms",
        "5s",
        "75s",
        "60s",
        "5m",
        "1h",
        "2d",
    ]
    assert [spell_size(each) for each in (0, 100, 16384, 65536, 1 << 30, 1025)] == [
        "0B",
        "100B",
        "16KB",
        "64KB",
        "1GB",
        "1025B",
    ]


@given(st.integers(0, 10**8))
def test_what_is_spelled_is_read_back(number):
    assert parse_size(spell_size(number)) == number
    assert parse_duration(spell_duration(number)) == number


@given(st.integers(0, 10_000))
def test_a_share_that_is_spelled_is_read_back(hundredths: int) -> None:
    share = hundredths / 10_000
    assert parse_share(spell_share(share)) == pytest.approx(share)
    assert spell_share(0.05) == "5%"
