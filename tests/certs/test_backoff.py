"""How a name that fails waits."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.certs import backoff
from porch.certs.backoff import Record
from porch.certs.failure import IssueError
from tests.support.store import MemoryStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ERROR = IssueError("dns", "no such host")


def test_waits_double_from_a_minute_to_a_day() -> None:
    waits = [backoff.delay("a.example", count) for count in range(1, 15)]
    for count, wait in enumerate(waits):
        whole = min(timedelta(minutes=2**count), DAY)
        assert whole * 0.8 <= wait <= whole
    assert backoff.delay("a.example", 0) == timedelta()


@given(st.text(), st.integers(min_value=0, max_value=10**9))
def test_no_wait_is_longer_than_a_day(name: str, failures: int) -> None:
    assert timedelta() <= backoff.delay(name, failures) <= DAY


def test_names_that_failed_together_do_not_come_together() -> None:
    assert len({backoff.delay(f"{i}.example", 5) for i in range(50)}) > 40
    assert backoff.delay("a.example", 5) == backoff.delay("A.example", 5)


def test_a_failure_is_counted_and_told(store: MemoryStore) -> None:
    first = backoff.failed(Record(), ERROR, {}, NOON)
    second = backoff.failed(first, IssueError("caa", "forbidden"), {}, NOON + DAY)
    assert (second.failures, second.since, second.last) == (2, NOON, NOON + DAY)
    assert (second.kind, second.sentence) == ("caa", "forbidden")
    backoff.keep(store, "*.a.example", second)
    assert backoff.kept(store, "*.a.example") == second
    backoff.clear(store, "*.a.example")
    assert backoff.kept(store, "*.a.example") == Record()


def test_it_is_tried_again_after_its_wait() -> None:
    record = backoff.failed(Record(), ERROR, {}, NOON)
    again = record.next_at("a.example", NOON)
    assert timedelta(seconds=48) <= again - NOON <= timedelta(minutes=1)
    assert Record().next_at("a.example", NOON) == NOON


def test_a_try_that_was_cut_off_once_is_gone_on_with_and_a_loop_waits(store: MemoryStore) -> None:
    once = backoff.begun(Record(), NOON)
    assert once.next_at("a.example", NOON) == NOON
    assert once.trouble == ""
    twice = backoff.begun(once, NOON)
    backoff.keep(store, "a.example", twice)
    assert backoff.kept(store, "a.example") == twice
    assert twice.next_at("a.example", NOON) - NOON == backoff.delay("a.example", 1)
    assert "came to no end: see what kills Porch" in twice.trouble
    failed = backoff.failed(twice, ERROR, {}, NOON)
    assert (failed.cut_off, failed.failures, failed.trouble) == (0, 1, "no such host")
    again = backoff.begun(failed, NOON + DAY)
    assert again.next_at("a.example", NOON) == NOON  # the clock was set back
    assert again.next_at("a.example", NOON + DAY) - NOON - DAY == backoff.delay("a.example", 1)


def test_nobody_waits_for_a_failure_of_the_future() -> None:
    record = backoff.failed(Record(failures=9), ERROR, {}, NOON + 900 * DAY)
    assert record.next_at("a.example", NOON) == NOON
    assert backoff.failed(record, ERROR, {}, NOON).next_at("a.example", NOON) > NOON + DAY * 0.3


def test_what_an_authority_limits_is_waited_for_there() -> None:
    limits = {"https://a.example": NOON + DAY}
    record = backoff.failed(Record(), ERROR, limits, NOON)
    assert record.limited_until("https://a.example", NOON) == NOON + DAY
    assert record.limited_until("https://a.example", NOON + DAY) is None
    assert record.limited_until("https://b.example", NOON) is None
    later = backoff.failed(record, ERROR, {"https://b.example": NOON + 3 * DAY}, NOON + 2 * DAY)
    assert list(later.limits) == ["https://b.example"]


def test_a_limit_far_in_the_future_is_of_a_clock_that_was_set_back() -> None:
    record = Record(limits={"https://a.example": NOON + 400 * DAY})
    assert record.limited_until("https://a.example", NOON) is None


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b'{"limits": [], "failures": "x"}'])
def test_a_damaged_record_is_an_empty_one(store: MemoryStore, data: bytes) -> None:
    store.write("backoff/a.example.json", data)
    assert backoff.kept(store, "a.example") == Record()
