"""What is left of an authority's limits."""

import pytest

from porch.certs.rates import (
    DUPLICATES,
    FAILURES,
    PER_DOMAIN,
    History,
    Limit,
    budget,
    check_rates,
)

NOW = 1_772_366_400.0  # 2026-03-01 12:00 UTC
HOUR = 3600.0
FIVE = Limit("things", 5, 500.0)


def test_nothing_done_leaves_all() -> None:
    assert budget(FIVE, [], NOW) == (5, None)


def test_each_thing_done_takes_one_and_a_fifth_of_the_window_gives_it_back() -> None:
    assert budget(FIVE, [NOW], NOW) == (4, NOW + 100)
    assert budget(FIVE, [NOW - 60], NOW) == (4, pytest.approx(NOW + 40))
    assert budget(FIVE, [NOW - 100], NOW) == (5, None)
    assert budget(FIVE, [NOW - 150, NOW - 150], NOW) == (4, pytest.approx(NOW + 50))


def test_a_burst_leaves_none_until_the_first_drop() -> None:
    assert budget(FIVE, [NOW] * 5, NOW) == (0, NOW + 100)
    assert budget(FIVE, [NOW - 30] * 5, NOW) == (0, pytest.approx(NOW + 70))
    assert budget(FIVE, [NOW - 30] * 9, NOW) == (0, pytest.approx(NOW + 70))


def test_order_does_not_matter_and_the_future_counts_as_now() -> None:
    assert budget(FIVE, [NOW, NOW - 250, NOW - 40], NOW) == budget(
        FIVE, [NOW - 40, NOW + 1000, NOW - 250], NOW
    )


def test_the_bucket_never_holds_more_than_the_limit() -> None:
    assert budget(FIVE, [NOW - 90000, NOW], NOW).left == 4


def test_the_limits_are_those_that_were_published() -> None:
    assert DUPLICATES[1:] == (5, 7 * 24 * HOUR)
    assert PER_DOMAIN[1:] == (50, 7 * 24 * HOUR)
    assert FAILURES[1:] == (5, HOUR)


def test_a_fresh_name_has_all_of_every_limit() -> None:
    found = check_rates(History(), NOW)
    assert [each.state for each in found] == ["ok"] * 3
    assert [each.sentence for each in found] == [
        "all of the 5 certificates for exactly these names that Let's Encrypt allows a week are"
        " left",
        "all of the 50 certificates for the registered domain that Let's Encrypt allows a week"
        " are left",
        "all of the 5 failed validations of the name by this account that Let's Encrypt allows an"
        " hour are left",
    ]


def test_some_used_is_told_with_the_time_of_the_next() -> None:
    found = check_rates(History(same=[NOW - HOUR, NOW]), NOW)[0]
    assert found.state == "ok"
    assert found.sentence == (
        "3 of the 5 certificates for exactly these names that Let's Encrypt allows a week are"
        " left; one more at 2026-03-02 20:36 UTC, in 1 day"
    )


def test_the_last_one_is_a_warning() -> None:
    found = check_rates(History(domain=[NOW] * 49), NOW)[1]
    assert found.state == "warn"
    assert found.sentence.startswith("1 of the 50 certificates for the registered domain that")
    assert "is left; one more at 2026-03-01 15:21 UTC, in 3 hours" in found.sentence


def test_none_left_fails_and_says_until_when_and_what_to_do() -> None:
    found = check_rates(History(failures=[NOW - 60] * 5), NOW)[2]
    assert found.state == "fail"
    assert found.sentence == (
        "none of the 5 failed validations of the name by this account that Let's Encrypt allows an"
        " hour is left (limits of 2025-06-12); wait until 2026-03-01 12:11 UTC, in 11 minutes, or"
        " try with its staging directory until then"
    )
