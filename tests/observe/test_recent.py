"""The last exchanges: bounded, readable from any process, those that went wrong for longer."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.errors import BadRequest, ConnectionRefused
from porch.failing import Tried
from porch.observe import recent
from porch.observe.ended import Batch
from porch.observe.json_lines import json_lines
from porch.observe.recent import RecentTable, _Ring
from tests.support.ended import ended

REFUSED = ConnectionRefused("10.0.0.11:8000 refused")


def targets(records):
    return [record["target"] for record in records]


def later(target, by):
    exchange = ended(target)
    exchange.ended += by
    return exchange


def named(target, name, **words):
    exchange = ended(target, **words)
    exchange.id = name
    return exchange


def test_what_has_ended_is_read_in_order_over_all_workers():
    table = RecentTable(3)
    one, two = table.row(1, 2), table.row(2, 2)
    one.take(Batch([later(b"/a", 1), later(b"/c", 3)]))
    two.take(Batch([later(b"/b", 2)]))
    one.flush()
    records, marks = table.since({})
    assert targets(records) == ["/a", "/b", "/c"]
    assert marks == table.marks()
    assert table.since(marks) == ([], marks)
    two.take(Batch([later(b"/d", 4)]))
    records, _ = table.since(marks)
    assert targets(records) == ["/d"]
    assert repr(table).startswith("<RecentTable 3 rows, ")


def test_of_many_the_newest_of_each_worker_are_read():
    table = RecentTable(3)
    for row in (1, 2):
        ours = table.row(row, 2)
        ours.take(Batch([later(b"/%d-%d" % (row, at), at * 10 + row) for at in range(5)]))
        ours.take(Batch([named(b"/bad%d-%d" % (row, at), b"x", error=REFUSED) for at in range(3)]))
    records, marks = table.since({}, 4)
    assert [each for each in targets(records) if "bad" not in each] == ["/1-4", "/2-4"]
    assert table.since(marks, 4) == ([], marks)
    bad, marks = table.bad_since({}, 2)
    assert sorted(targets(bad)) == ["/bad1-1", "/bad1-2", "/bad2-1", "/bad2-2"]
    assert table.bad_since(marks, 2) == ([], marks)


def test_a_record_is_the_line_of_the_log_which_is_made_once_for_both():
    table = RecentTable(2)
    batch = Batch([ended(b"/x?token=hush")])
    table.row(1, 1).take(batch)
    (record,), _ = table.since({})
    assert record == json.loads(batch.lines(json_lines))
    assert record["target"] == "/x?token=***"
    made = []

    def lines(exchanges):
        made.append(len(exchanges))
        return b""

    assert batch.lines(lines) == batch.lines(lines) == b""
    assert made == [1]


def test_a_worker_keeps_its_share_and_the_oldest_go(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(recent, "LAST", 3000)
    table = RecentTable(2)
    ring = table.row(1, 2)
    for number in range(23):
        ring.take(Batch([ended(b"/%d" % number)]))
    kept = targets(table.since({})[0])
    assert kept == [f"/{number}" for number in range(23 - len(kept), 23)]
    assert 3 <= len(kept) <= 5


def test_those_that_went_wrong_are_kept_when_good_ones_have_pushed_them_out(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(recent, "LAST", 2000)
    table = RecentTable(2)
    ring = table.row(1, 1)
    failed = later(b"/bad", 0)
    failed.status, failed.error = 502, REFUSED
    failed.tried = (Tried("a:1", 0.0, 1000.5, REFUSED),)
    ring.take(Batch([failed]))
    origin = later(b"/origin", 1)
    origin.status = 500
    ring.take(Batch([origin]))
    for _ in range(10):
        ring.take(Batch([later(b"/good", 2)]))
    assert set(targets(table.since({})[0])) == {"/good"}
    bad, origin = table.bad()
    assert (bad["reason"], bad["tried"][0][0]) == ("connection_refused", "a:1")
    assert (origin["target"], "tried" in origin) == ("/origin", False)


def test_one_is_found_by_its_id_the_latest_of_several_and_failures_first():
    table = RecentTable(3)
    one, two = table.row(1, 2), table.row(2, 2)
    one.take(Batch([named(b"/1", b"a"), named(b"/2", b"ab"), named(b"/3", b"a")]))
    assert table.find("a")["target"] == "/3"
    assert table.find("ab")["target"] == "/2"
    assert table.find("b") is None
    failed = named(b"/4", b"a", status=502, error=REFUSED)
    failed.tried = (Tried("a:1", 0.0, 1000.5, REFUSED),)
    two.take(Batch([failed]))
    assert table.find("a")["tried"]


def test_nobody_is_found_by_what_a_client_has_put_into_a_url():
    table = RecentTable(2)
    table.row(1, 1).take(Batch([named(b'/x?"id":"evil"', b"real")]))
    assert table.find("evil") is None


def test_what_a_client_did_wrong_pushes_no_failure_of_ours_out():
    table = RecentTable(2)
    table.row(1, 1).take(Batch([ended(b"/x", error=BadRequest("no host"), status=400)]))
    assert table.bad() == []
    assert targets(table.since({})[0]) == ["/x"]


def test_what_the_door_says_by_its_configuration_is_no_failure():
    table = RecentTable(2)
    table.row(1, 1).take(Batch([ended(b"/x", endpoint=None, status=503)]))
    assert table.bad() == []


def test_a_storm_of_failures_is_written_with_all_that_is_known_only_a_few_at_a_time():
    table = RecentTable(2)
    failed = [ended(error=ConnectionRefused("x"), status=502) for _ in range(64)]
    table.row(1, 1).take(Batch(failed))
    assert len(table.bad()) == recent.BAD_AT_ONCE
    assert len(table.since({})[0]) == 64


def test_another_process_reads_what_was_written():
    table = RecentTable(2)
    pid = os.fork()
    if not pid:
        table.row(1, 1).take(Batch([ended(b"/from-a-worker")]))
        os._exit(0)
    os.waitpid(pid, 0)
    again = RecentTable(2, os.dup(table.descriptor))
    assert targets(again.since({})[0]) == ["/from-a-worker"]


def test_another_number_of_workers_begins_anew_and_marks_go_on():
    table = RecentTable(2)
    table.row(1, 1).take(Batch([ended(b"/a")]))
    _, marks = table.since({})
    again = table.row(1, 2)
    assert table.since({})[0] == []
    again.take(Batch([ended(b"/b")]))
    assert targets(table.since(marks)[0]) == ["/b"]
    assert targets(table.since({1: 10**12})[0]) == ["/b"]
    assert targets(table.since({1: 7})[0]) == ["/b"]


def ring(size):
    made = _Ring(memoryview(bytearray(_Ring.HEAD + size)))
    made.use(size)
    return made


def test_a_reader_that_was_overtaken_lets_go_of_what_was_written_over():
    made = ring(40)
    made.write(b"aaaaaaaaa\nbbbbbbbbb\nccccccccc\nddddddddd\n")
    made._head[1] += 15  # another 15 bytes are being written: a and half of b are gone
    assert made.read(-1)[0] == b"ccccccccc\nddddddddd\n"
    assert made.read(0)[0] == b"ccccccccc\nddddddddd\n"


@given(st.lists(st.lists(st.integers(1, 30), max_size=4), max_size=30), st.integers(20, 90))
def test_what_is_read_are_the_last_whole_lines_whatever_was_written(batches, size):
    made, said, marks = ring(size), [], [0]
    for batch in batches:
        lines = [b"%d:" % (len(said) + at) + b"x" * each + b"\n" for at, each in enumerate(batch)]
        made.write(b"".join(lines))
        said += lines
        got = made.read(-1)[0].splitlines(keepends=True)
        assert got == said[len(said) - len(got) :]
        assert sum(map(len, said[-len(got) - 1 :])) >= size or len(got) == len(said)
        behind, mark = made.read(marks[-1])
        assert (behind == b"".join(lines)) or len(b"".join(lines)) >= size
        marks.append(mark)


def test_one_that_another_attempt_saved_is_told_with_what_was_tried_and_is_no_failure():
    table = RecentTable(2)
    ring = table.row(1, 1)
    saved = named(b"/saved", b"s")
    saved.tried = (Tried("a:1", 0.0, 1000.5, REFUSED),)
    for _ in range(3):
        ring.take(Batch([saved, named(b"/plain", b"p")]))
    found = table.find("s")
    assert (found["status"], found["reason"]) == (200, None)
    assert found["tried"][0][:1] + found["tried"][0][3:4] == ["a:1", "connection_refused"]
    assert "tried" not in table.find("p")
    assert table.bad() == table.bad_since({}, 9)[0] == []
    assert [*targets(table.since({})[0])].count("/saved") == 3


def test_of_lines_the_newest_of_each_worker_are_given_and_what_is_known_is_not():
    table = RecentTable(3)
    batch = Batch([ended()])
    line = batch.lines(json_lines)
    for number in (1, 2):
        for _ in range(5):
            table.row(number, 2).take(batch)
    lines, marks = table.lines({}, 4 * len(line))
    assert lines == 4 * line
    assert marks == table.marks()
    assert table.lines(marks, 4 * len(line)) == (b"", marks)
    table.row(1, 2).take(batch)
    table.row(1, 2).take(batch)
    assert table.lines(marks, 4 * len(line))[0] == 2 * line, "one worker has all the room"
    assert table.lines({}, 1 << 20)[0] == 12 * line
