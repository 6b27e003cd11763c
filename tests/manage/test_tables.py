"""The memory that workers share."""

from porch.manage.tables import Tables
from porch.observe.meter import Meter
from tests.support.ended import ended


def test_what_an_ended_worker_has_counted_stays_and_who_was_connected_is_gone() -> None:
    tables = Tables.of(3, 1024)
    meter = Meter(tables.series.row(1))
    meter.take([ended()])
    meter.flush()
    crowd = tables.crowd.row(1)
    crowd.enter(b"192.0.2.7")
    tables.clear(1)
    assert tables.crowd.row(2).here(b"192.0.2.7") == 0
    assert [*tables.series.totals()] == [("requests", "example.com/*", "10.0.0.11:8000")]
