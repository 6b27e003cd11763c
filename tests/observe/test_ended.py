"""What has ended: nothing on the hot path, everything when it is put away."""

import gc
import sys
import weakref

import pytest

from porch.filter import Filter
from porch.observe.ended import Batch, Ended
from porch.route.plan import Plan
from tests.support.ended import ended


class FakeWatcher:
    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.flushes = self.closed = 0

    def take(self, batch):
        self.seen += [exchange.request.target for exchange in batch.exchanges]

    def flush(self) -> None:
        self.flushes += 1

    def close(self) -> None:
        self.closed += 1


def test_watchers_see_what_has_ended_when_it_is_put_away():
    first, second = FakeWatcher(), FakeWatcher()
    over = Ended([first, second])
    over.on_end(ended(b"/a"))
    over.on_end(ended(b"/b"))
    assert first.seen == []
    assert repr(over) == "<Ended 2 watchers, 2 exchanges to look at>"
    over.put_away()
    over.put_away()
    assert first.seen == second.seen == [b"/a", b"/b"]
    assert first.flushes == 0
    over.close()


def test_a_flush_puts_away_first_and_then_has_it_written():
    watcher = FakeWatcher()
    over = Ended([watcher])
    over.on_end(ended(b"/a"))
    over.flush()
    assert (watcher.seen, watcher.flushes, watcher.closed) == ([b"/a"], 1, 0)
    over.on_end(ended(b"/b"))
    over.close()
    assert (watcher.seen, watcher.flushes, watcher.closed) == ([b"/a", b"/b"], 2, 1)


def test_a_plan_takes_its_hook_as_that_of_any_filter():
    watcher = FakeWatcher()
    over = Ended([watcher])
    assert isinstance(over, Filter)
    plan = Plan([over])
    assert len(plan.on_end) == 1
    assert plan.on_request == plan.on_response == plan.on_upstream_request == ()
    plan.on_end[0](ended(b"/a"))
    over.close()
    assert watcher.seen == [b"/a"]


def test_the_hook_costs_no_python_call():
    over = Ended([])
    exchange = ended()
    on_end = over.on_end
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
    over.close()


def test_an_observer_that_fails_does_not_fail_twice_on_the_same_exchange():
    class Broken(FakeWatcher):
        def take(self, batch):
            raise ValueError("broken")

    over = Ended([Broken()])
    over.on_end(ended())
    with pytest.raises(ValueError, match="broken"):
        over.flush()
    over.flush()
    over.close()


def test_lines_of_a_batch_are_made_once_whoever_asks():
    made = []

    def lines(exchanges):
        made.append(len(exchanges))
        return b"x"

    batch = Batch([ended(), ended()])
    assert batch.lines(lines) == batch.lines(lines) == b"x"
    assert made == [2]
    assert repr(batch) == "<Batch 2>"


def test_one_more_may_look_for_a_while():
    first, later = FakeWatcher(), FakeWatcher()
    over = Ended([first])
    over.watch(later)
    over.watch(later)
    over.on_end(ended(b"/a"))
    over.put_away()
    over.unwatch(later)
    over.on_end(ended(b"/b"))
    over.close()
    assert (first.seen, later.seen) == ([b"/a", b"/b"], [b"/a"])
    assert later.closed == 0


def test_nothing_is_left_of_one_that_is_closed():
    """With each reload that changes the logs there is another one."""
    watcher = FakeWatcher()
    kept = weakref.ref(watcher)
    Ended([watcher]).close()
    del watcher
    gc.collect()
    assert kept() is None


@pytest.mark.parametrize("what", ["take", "flush", "close"])
def test_one_that_fails_keeps_no_other_from_what_has_ended(what):
    """A line that cannot be made must not end the counts, nor leave a file open."""

    class Failing(FakeWatcher):
        pass

    def fail(*_: object) -> None:
        raise ValueError("a fault")

    first, second = Failing(), FakeWatcher()
    setattr(first, what, fail)
    over = Ended([first, second])
    over.on_end(ended(b"/a"))
    with pytest.raises(ValueError, match="a fault"):
        over.close()
    assert (second.seen, second.flushes, second.closed) == ([b"/a"], 1, 1)
    assert first.closed == (what != "close")
