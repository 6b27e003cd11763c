"""The memory that workers share."""

import os

from porch.cache.notices import Notices
from porch.manage.tables import Tables
from porch.observe.ended import Batch
from porch.observe.meter import Meter
from tests.support.ended import ended


def test_what_an_ended_worker_has_counted_stays_and_who_was_connected_is_gone() -> None:
    tables = Tables.of(3, 1024)
    meter = Meter(tables.series.row(1))
    meter.take(Batch([ended()]))
    meter.flush()
    crowd = tables.crowd.row(1)
    crowd.enter(b"192.0.2.7")
    tables.clear(1)
    assert tables.crowd.row(2).here(b"192.0.2.7") == 0
    assert [*tables.series.totals()] == [("requests", "example.com/*", "10.0.0.11:8000")]


def handed(tables: Tables) -> dict[str, int]:
    """As behind an exec: other numbers of the same memory, inheritable."""
    found = {word: os.dup(number) for word, number in tables.handed.items()}
    for number in found.values():
        os.set_inheritable(number, True)
    return found


def test_the_next_version_goes_on_where_this_one_was() -> None:
    tables = Tables.of(3, 4096)
    tables.limits.slots(1, 1).heads[0] = 7
    tables.crowd.row(1).enter(b"192.0.2.7")
    for observer in (Meter(tables.series.row(1)), tables.recent.row(1, 1)):
        observer.take(Batch([ended(b"/before")]))
        observer.flush()
    before, old = Notices.of(tables.notices, 2), Notices.of(tables.notices, 1)
    found = Tables.of(3, 4000, handed(tables))
    new = Notices.of(found.notices, 2)
    old.tell([("key", b"a", False)])
    assert before.hear() == new.hear() == [("key", b"a", False)]
    assert found.limits.slots(1, 1).heads[0] == 7
    assert found.crowd.row(2).here(b"192.0.2.7") == 1
    assert found.series.totals() == tables.series.totals()
    assert [each["target"] for each in found.recent.since({})[0]] == ["/before"]
    assert not any(map(os.get_inheritable, found.handed.values()))


def test_what_is_of_another_size_starts_anew() -> None:
    tables = Tables.of(3, 4096)
    tables.limits.slots(1, 1).heads[0] = 7
    assert Tables.of(3, 5000, handed(tables)).limits.slots(1, 1).heads[0] == 0
    meter = Meter(tables.series.row(1))
    meter.take(Batch([ended()]))
    meter.flush()
    tables.crowd.row(1).enter(b"192.0.2.7")
    other = Tables.of(4, 4096, handed(tables))
    assert other.crowd.row(1).here(b"192.0.2.7") == 0
    assert other.limits.rows == 4
    assert len(other.series.totals()) == 0
    assert os.fstat(other.notices).st_size == Notices.size(4)
    os.pwrite(tables.limits.descriptor, bytes(8), 8)  # the mark of how it counts
    assert Tables.of(3, 4096, handed(tables)).limits.slots(1, 1).heads[0] == 0
