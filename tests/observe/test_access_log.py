"""The access log: lines are made of what has ended, and written at a flush."""

from porch.errors import BadRequest
from porch.observe.access_log import AccessLog, Written
from porch.observe.ended import Batch
from porch.observe.json_lines import json_lines
from tests.support.ended import ended


class FakeSink:
    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.closed = 0

    def write(self, lines: bytes) -> None:
        assert not self.closed
        self.writes.append(lines)

    def close(self) -> None:
        self.closed += 1


def targets(exchanges):
    """A format: the targets, a line each."""
    return b"".join(exchange.request.target + b"\n" for exchange in exchanges)


def test_lines_are_written_at_a_flush_in_one_piece():
    sink = FakeSink()
    log = AccessLog([Written(targets, sink)])
    log.take(Batch([ended(b"/a")]))
    log.take(Batch([ended(b"/b"), ended(b"/c")]))
    assert sink.writes == []
    log.flush()
    log.flush()
    assert sink.writes == [b"/a\n/b\n/c\n"]


def test_each_sink_has_its_format():
    first, second = FakeSink(), FakeSink()
    log = AccessLog([Written(targets, first), Written(json_lines, second)])
    assert repr(log) == "<AccessLog 2 logs>"
    log.take(Batch([ended(b"/a")]))
    log.close()
    assert first.writes == [b"/a\n"]
    assert second.writes[0].startswith(b'{"time":')


def test_close_flushes_then_closes_each_sink_once():
    sink = FakeSink()
    log = AccessLog([Written(targets, sink)])
    log.take(Batch([ended(b"/a")]))
    log.close()
    assert (sink.writes, sink.closed) == ([b"/a\n"], 1)


def test_what_is_refused_quietly_has_no_line():
    sink = FakeSink()
    log = AccessLog([Written(targets, sink)])
    loud, quiet = ended(b"/loud"), ended(b"/quiet")
    loud.error, quiet.error = BadRequest("x"), BadRequest("x")
    quiet.error.quiet = True
    log.take(Batch([ended(b"/a"), quiet, loud]))
    log.flush()
    assert sink.writes == [b"/a\n/loud\n"]


def test_a_log_has_lines_of_those_alone_that_it_chooses():
    all_of_them, few = FakeSink(), FakeSink()
    log = AccessLog([Written(targets, all_of_them), Written(targets, few, lambda found: found[:1])])
    log.take(Batch([ended(b"/a"), ended(b"/b")]))
    log.flush()
    assert (all_of_them.writes, few.writes) == ([b"/a\n/b\n"], [b"/a\n"])


def test_a_log_that_chooses_nobody_writes_nothing():
    sink = FakeSink()
    log = AccessLog([Written(targets, sink, lambda found: [])])
    log.take(Batch([ended(b"/a")]))
    log.flush()
    assert sink.writes == []
