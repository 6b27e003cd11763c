"""The access log: nothing on the hot path, everything at a flush."""

import sys

from porch.filter import Filter
from porch.observe.access_log import AccessLog
from porch.observe.json_lines import json_lines
from porch.route.plan import Plan
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
    log = AccessLog([(targets, sink)])
    log.on_end(ended(b"/a"))
    log.on_end(ended(b"/b"))
    assert sink.writes == []
    log.flush()
    assert sink.writes == [b"/a\n/b\n"]
    log.close()


def test_lines_may_be_made_before_they_are_written_and_leave_in_one_piece():
    sink = FakeSink()
    log = AccessLog([(targets, sink)])
    log.on_end(ended(b"/a"))
    log.make_lines()
    assert sink.writes == []
    assert repr(log) == "<AccessLog 1 sinks, 0 exchanges to write>"
    log.on_end(ended(b"/b"))
    log.make_lines()
    log.make_lines()
    log.on_end(ended(b"/c"))
    log.flush()
    log.flush()
    assert sink.writes == [b"/a\n/b\n/c\n"]
    log.close()


def test_a_flush_without_exchanges_writes_nothing():
    sink = FakeSink()
    log = AccessLog([(targets, sink)])
    log.flush()
    log.on_end(ended())
    log.flush()
    log.flush()
    assert len(sink.writes) == 1
    log.close()


def test_each_sink_has_its_format():
    first, second = FakeSink(), FakeSink()
    log = AccessLog([(targets, first), (json_lines, second)])
    log.on_end(ended(b"/a"))
    log.close()
    assert first.writes == [b"/a\n"]
    assert second.writes[0].startswith(b'{"time":')


def test_close_flushes_then_closes_each_sink_once():
    sink = FakeSink()
    log = AccessLog([(targets, sink)])
    log.on_end(ended(b"/a"))
    log.close()
    assert (sink.writes, sink.closed) == ([b"/a\n"], 1)


def test_a_plan_takes_its_hook_as_that_of_any_filter():
    sink = FakeSink()
    log = AccessLog([(targets, sink)])
    assert isinstance(log, Filter)
    plan = Plan([log])
    assert len(plan.on_end) == 1
    assert plan.on_request == plan.on_response == plan.on_upstream_request == ()
    plan.on_end[0](ended(b"/a"))
    log.close()
    assert sink.writes == [b"/a\n"]


def test_the_hook_costs_no_python_call():
    log = AccessLog([])
    exchange = ended()
    on_end = log.on_end
    calls = []
    # A call of the collector's, and of what hypothesis hung onto it, is none of ours.
    sys.setprofile(
        lambda frame, event, _: (
            calls.append(event) if "hypothesis" not in frame.f_code.co_filename else None
        )
    )
    on_end(exchange)
    sys.setprofile(None)
    assert "call" not in calls
    assert calls[0] == "c_call"
    log.close()


def test_a_format_that_fails_does_not_fail_twice_on_the_same_exchange():
    def broken(exchanges):
        raise ValueError

    log = AccessLog([(broken, FakeSink())])
    log.on_end(ended())
    try:
        log.flush()
    except ValueError:
        pass
    else:
        raise AssertionError
    log.flush()
    log.close()


def test_its_repr_counts_what_waits():
    log = AccessLog([(targets, FakeSink())])
    log.on_end(ended())
    assert repr(log) == "<AccessLog 1 sinks, 1 exchanges to write>"
    log.close()
