"""The last exchanges: bounded, readable from any process, those that went wrong for longer."""

import os

import pytest

from porch.errors import BadRequest, ConnectionRefused
from porch.observe import recent
from porch.observe.recent import RecentTable
from tests.support.ended import ended


def targets(records):
    return [record.target for record in records]


def later(target, by):
    exchange = ended(target)
    exchange.ended += by
    return exchange


def test_what_has_ended_is_read_in_order_over_all_workers():
    table = RecentTable(3)
    one, two = table.row(1, 2), table.row(2, 2)
    one.take([later(b"/a", 1), later(b"/c", 3)])
    two.take([later(b"/b", 2)])
    one.flush()
    records, marks = table.since({})
    assert targets(records) == ["/a", "/b", "/c"]
    assert marks == {1: 2, 2: 1}
    assert table.since(marks) == ([], marks)
    two.take([later(b"/d", 4)])
    records, marks = table.since(marks)
    assert (targets(records), marks) == (["/d"], {1: 2, 2: 2})
    assert repr(table) == "<RecentTable 3 rows, 4 written>"


def test_a_worker_keeps_its_share_and_the_oldest_go(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(recent, "LAST", 10)
    table = RecentTable(2)
    ring = table.row(1, 3)
    for number in range(23):
        ring.take([ended(b"/%d" % number)])
    assert targets(table.since({})[0]) == ["/19", "/20", "/21", "/22"]


def test_those_that_went_wrong_are_kept_when_good_ones_have_pushed_them_out(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(recent, "LAST", 4)
    table = RecentTable(2)
    ring = table.row(1, 1)
    ring.take([ended(b"/bad", error=ConnectionRefused("10.0.0.11:8000 refused"), status=502)])
    ring.take([ended(b"/origin", status=500)])
    for _ in range(10):
        ring.take([ended(b"/good")])
    assert targets(table.since({})[0]) == ["/good"] * 4
    bad, origin = table.bad()
    assert bad.more["word"] == "connection_refused"
    assert (origin.target, origin.more) == ("/origin", {})


def test_what_a_client_did_wrong_pushes_no_failure_of_ours_out():
    table = RecentTable(2)
    table.row(1, 1).take([ended(b"/x", error=BadRequest("no host"), status=400)])
    assert table.bad() == []
    assert targets(table.since({})[0]) == ["/x"]


def test_what_the_door_says_by_its_configuration_is_no_failure():
    table = RecentTable(2)
    table.row(1, 1).take([ended(b"/x", endpoint=None, status=503)])
    assert table.bad() == []


def test_a_storm_of_failures_is_written_with_all_that_is_known_only_a_few_at_a_time():
    table = RecentTable(2)
    failed = [ended(error=ConnectionRefused("x"), status=502) for _ in range(64)]
    table.row(1, 1).take(failed)
    assert len(table.bad()) == recent.BAD_AT_ONCE
    assert len(table.since({})[0]) == 64


def test_a_slot_that_is_being_written_is_not_read():
    table = RecentTable(2)
    table.row(1, 1).take([ended(b"/a"), ended(b"/b")])
    ring = table._last[1]
    ring._numbers[1] = 0
    assert targets(table.since({})[0]) == ["/b"]


def test_another_process_reads_what_was_written():
    table = RecentTable(2)
    pid = os.fork()
    if not pid:
        table.row(1, 1).take([ended(b"/from-a-worker")])
        os._exit(0)
    os.waitpid(pid, 0)
    again = RecentTable(2, os.dup(table.descriptor))
    assert targets(again.since({})[0]) == ["/from-a-worker"]


def test_another_number_of_workers_begins_anew_and_marks_go_on():
    table = RecentTable(2)
    table.row(1, 1).take([ended(b"/a")])
    _, marks = table.since({})
    again = table.row(1, 2)
    assert table.since({})[0] == []
    again.take([ended(b"/b")])
    assert targets(table.since(marks)[0]) == ["/b"]
    assert targets(table.since({1: 99})[0]) == ["/b"]
