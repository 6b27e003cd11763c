"""The meter: what ended exchanges add up to."""

from bisect import bisect_left

from hypothesis import given
from hypothesis import strategies as st

from porch.errors import ConnectionRefused
from porch.observe.ended import Batch
from porch.observe.meter import (
    ATTEMPTS,
    BOUNDS,
    BUCKETS,
    BYTES_OUT,
    CONNECT,
    FIRST_BYTE,
    TOTAL,
    WIDTH,
    Meter,
)
from porch.observe.series import SeriesTable
from tests.support.ended import ENDPOINT, ended

NAME = ("requests", "example.com/*", ENDPOINT)


def metered(*exchanges):
    table = SeriesTable(2)
    meter = Meter(table.row(1))
    meter.take(Batch(exchanges))
    meter.flush()
    return table.totals()


def test_an_exchange_counts_by_its_status_with_its_bytes_and_its_times():
    cells = metered(ended(status=204)).cells(NAME)
    assert list(cells[:6]) == [0, 0, 1, 0, 0, 0]
    assert cells[BYTES_OUT] == 312
    assert cells[TOTAL] == 12_100 or cells[TOTAL] == 12_099  # microseconds, cut
    assert cells[TOTAL + 1 + 4] == 1  # over 10 ms, not over 25
    assert 3_499 <= cells[FIRST_BYTE] <= 3_500
    assert cells[FIRST_BYTE + 1 + 2] == 1
    assert 1_299 <= cells[CONNECT] <= 1_300
    assert cells[CONNECT + 1 + 1] == 1
    assert len(cells) == WIDTH == CONNECT + 1 + BUCKETS


def test_a_kept_connection_was_not_waited_for():
    exchange = ended()
    exchange.reused = True
    cells = metered(exchange).cells(NAME)
    assert cells[CONNECT] == sum(cells[CONNECT + 1 :]) == 0
    assert sum(cells[TOTAL + 1 : TOTAL + 1 + BUCKETS]) == 1


def test_what_is_answered_at_the_door_has_no_endpoint_and_no_first_byte():
    cells = metered(ended(endpoint=None, status=404)).cells(("requests", "example.com/*", "-"))
    assert cells[4] == 1
    assert sum(cells[FIRST_BYTE:]) == 0


def test_a_failure_counts_by_its_word_and_one_without_an_answer_by_none():
    error = ConnectionRefused("10.0.0.11:8000 refused")
    failed, gone = ended(status=502, error=error), ended(status=0, error=error)
    failed.attempts = 3
    totals = metered(failed, gone)
    assert totals[("errors", "example.com/*", "connection_refused")] == 2
    cells = totals.cells(NAME)
    assert (cells[0], cells[5], cells[ATTEMPTS]) == (1, 1, 2)


def test_a_duration_over_all_bounds_is_in_the_last_bucket_and_one_on_a_bound_below_it():
    slow, exact = ended(), ended()
    slow.ended = slow.started + 3600
    exact.started, exact.ended = 0.0, 0.001
    cells = metered(slow, exact).cells(NAME)
    assert cells[TOTAL + BUCKETS] == 1
    assert cells[TOTAL + 1] == 1


def test_nothing_is_seen_before_a_flush_and_counts_go_on_behind_it():
    table = SeriesTable(2)
    meter = Meter(table.row(1))
    meter.take(Batch([ended()]))
    assert repr(meter) == "<Meter 1 series, 1 to write>"
    assert table.totals().cells(NAME)[2] == 0
    meter.flush()
    meter.flush()
    meter.take(Batch([ended(), ended()]))
    meter.close()
    assert table.totals().cells(NAME)[2] == 3


def test_a_successor_in_the_same_row_goes_on_with_what_is_there():
    table = SeriesTable(2)
    for _ in range(2):
        meter = Meter(table.row(1))
        meter.take(Batch([ended()]))
        meter.flush()
    assert table.totals().cells(NAME)[2] == 2


def test_names_that_share_the_rest_share_their_counts(monkeypatch):
    monkeypatch.setattr("porch.observe.series_row.MOST", 17)
    table = SeriesTable(2)
    meter = Meter(table.row(1))
    for number in range(5):
        meter.take(Batch([ended(route=f"r{number}")]))
        meter.flush()
    totals = table.totals()
    assert totals.cells(("requests", "other", "other"))[2] == 4


@given(st.lists(st.one_of(st.sampled_from(BOUNDS), st.floats(0, 20)), max_size=80))
def test_many_durations_are_in_the_buckets_in_which_each_would_be(durations):
    exchanges = []
    for took in durations:
        exchange = ended(endpoint=None)
        exchange.started, exchange.ended = 0.0, took
        exchanges.append(exchange)
    meter = Meter((table := SeriesTable(2)).row(1))
    for start in range(0, len(exchanges), 30):
        meter.take(Batch(exchanges[start : start + 30]))
    meter.flush()
    wanted = [0] * BUCKETS
    for took in durations:
        wanted[bisect_left(BOUNDS, took)] += 1
    name = ("requests", "example.com/*", "-")
    cells = table.totals().cells(name) if durations else [0] * WIDTH
    assert list(cells[TOTAL + 1 : TOTAL + 1 + BUCKETS]) == wanted
    assert abs(cells[TOTAL] - sum(durations) * 1e6) <= 1


def test_when_names_are_given_back_what_was_counted_before_is_counted_and_all_goes_on():
    table = SeriesTable(2)
    meter = Meter(table.row(1))
    meter.take(Batch([ended(), ended(route="gone.test")]))
    meter.flush()
    meter.take(Batch([ended(), ended(route="gone.test")]))
    assert table.give_back({("requests", "gone.test", ENDPOINT): None})
    meter.flush()
    assert repr(meter) == "<Meter 0 series, 0 to write>"
    meter.take(Batch([ended()]))
    meter.flush()
    totals = table.totals()
    assert [*totals] == [NAME]
    assert totals.cells(NAME)[2] == sum(totals.cells(NAME)[TOTAL + 1 : TOTAL + 1 + BUCKETS]) == 3
