"""Who is let in, who waits, and who is refused."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from porch import clock
from porch.balance.admission import BURST, LOOK, Admission, Bounds
from porch.balance.endpoint import FAILED, WAITING, WIDTH
from porch.balance.upstream import Upstream
from porch.errors import PoolFull, PorchError, WaitedTooLong
from porch.filter import SUSPEND
from porch.route.route import REQUESTS, RUNNING
from porch.shared import Cells, SharedTable
from tests.support.network import FakeClock, FakeLoop


class Asking:
    """An exchange, as the admission sees it."""

    def __init__(self, bench: "Bench", *, ends_at_once: bool = False) -> None:
        self.bench = bench
        self.ends_at_once = ends_at_once
        self.state = "new"
        self.error: PorchError | None = None
        self.status, self.connected, self.first_byte = 200, 1.0, 1.01

    def resume(self) -> None:
        self.state = "in"
        if self.ends_at_once:
            self.end()

    def fail(self, error: PorchError) -> None:
        self.error = error
        self.end()

    def end(self) -> None:
        self.state = "over"
        self.bench.admission.on_end(self.bench.exchange(self))


class Bench:
    def __init__(
        self, loop: FakeLoop, bounds: Bounds, cells: Cells | None = None, endpoints: int = 2
    ) -> None:
        self.loop = loop
        self.cells = cells or Cells(WIDTH)
        upstream: Any = SimpleNamespace(name="api", in_rotation=endpoints, most=None)
        self.upstream = upstream
        self.admission = Admission(cast("Upstream", upstream), bounds, self.cells)

    @staticmethod
    def exchange(asking: Asking) -> Any:
        return asking

    def ask(self, **kind: bool) -> Asking:
        asking = Asking(self, **kind)

        def act() -> None:
            try:
                answer = self.admission.on_request(self.exchange(asking))
            except PorchError as error:
                asking.fail(error)
            else:
                asking.state = "waits" if answer is SUSPEND else "in"

        self.loop.run(act)
        return asking

    def end(self, asking: Asking) -> None:
        self.loop.run(asking.end)

    def pass_time(self, seconds: float) -> None:
        until = self.loop.fake.time + seconds
        while self.loop.fake.time < until:
            self.loop.fake.time = min(until, self.loop.fake.time + LOOK)
            self.loop.settle()

    @property
    def counts(self) -> tuple[int, int, int, int]:
        own = self.cells.own
        return own[RUNNING], own[WAITING], own[REQUESTS], own[FAILED]


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLoop]:
    made = FakeLoop(FakeClock(monkeypatch))
    yield made
    made.close()


def states(asked: list[Asking]) -> list[str]:
    return [each.state for each in asked]


def test_as_many_as_the_pool_may_have_are_let_in_and_the_others_wait(loop: FakeLoop) -> None:
    bench = Bench(loop, Bounds(pool=2))
    asked = [bench.ask() for _ in range(4)]
    assert states(asked) == ["in", "in", "waits", "waits"]
    assert bench.counts == (2, 2, 2, 0)
    bench.end(asked[0])
    assert states(asked) == ["over", "in", "in", "waits"]
    bench.end(asked[1])
    assert states(asked) == ["over", "over", "in", "in"]
    for each in asked[2:]:
        bench.end(each)
    assert bench.counts == (0, 0, 4, 0)


def test_the_bound_of_an_endpoint_counts_for_those_in_rotation(loop: FakeLoop) -> None:
    bench = Bench(loop, Bounds(endpoint=2))
    assert bench.upstream.most == 2
    asked = [bench.ask() for _ in range(5)]
    assert states(asked) == ["in"] * 4 + ["waits"]
    bench.upstream.in_rotation = 1
    bench.end(asked[0])
    assert asked[4].state == "waits", "three are more than one endpoint may have"


def test_whoever_comes_while_others_wait_does_not_go_before_them(loop: FakeLoop) -> None:
    bench = Bench(loop, Bounds(endpoint=1), endpoints=1)
    bench.ask()
    bench.ask()
    bench.upstream.in_rotation = 5
    assert bench.ask().state == "waits"


def test_too_many_waiting_are_refused_and_told_when_to_come_again(loop: FakeLoop) -> None:
    bench = Bench(loop, Bounds(pool=1, queue=1, retry_after=7.0))
    bench.ask()
    bench.ask()
    refused = bench.ask()
    assert type(refused.error) is PoolFull
    assert refused.error.status == 503
    assert refused.error.retry_after == 7.0
    assert refused.error.detail == "pool api: 1 requests under way, 1 wait"
    assert bench.counts == (1, 1, 1, 1)


def test_without_a_queue_nobody_waits(loop: FakeLoop) -> None:
    bench = Bench(loop, Bounds(pool=1, queue=0))
    bench.ask()
    assert type(bench.ask().error) is PoolFull


def test_who_waits_for_too_long_is_told(loop: FakeLoop) -> None:
    bench = Bench(loop, Bounds(pool=1, wait=1.0))
    bench.ask()
    waiting = bench.ask()
    bench.pass_time(0.9)
    assert waiting.state == "waits"
    bench.pass_time(0.2)
    assert type(waiting.error) is WaitedTooLong
    assert bench.counts == (1, 0, 1, 1)


def test_who_leaves_while_waiting_is_forgotten(loop: FakeLoop) -> None:
    bench = Bench(loop, Bounds(pool=1))
    first, gone, last = (bench.ask() for _ in range(3))
    bench.end(gone)
    bench.end(first)
    assert last.state == "in"
    assert bench.counts == (1, 0, 2, 0)


def test_after_a_burst_the_oldest_is_first_and_in_overload_the_newest(loop: FakeLoop) -> None:
    bench = Bench(loop, Bounds(pool=1))
    first = bench.ask()
    older, newer = bench.ask(), bench.ask()
    bench.end(first)
    assert (older.state, newer.state) == ("in", "waits")
    newest = bench.ask()
    bench.pass_time(BURST + 0.01)
    bench.end(older)
    assert (newer.state, newest.state) == ("waits", "in")


def test_room_that_another_worker_makes_is_noticed(loop: FakeLoop) -> None:
    table = SharedTable(3, WIDTH)
    table.use(2)
    here, there = (Bench(loop, Bounds(pool=1), Cells(WIDTH, table, row, 0)) for row in (1, 2))
    running = there.ask()
    waiting = here.ask()
    assert waiting.state == "waits"
    there.end(running)
    assert waiting.state == "waits"
    here.pass_time(LOOK + 0.001)
    assert waiting.state == "in"


def test_the_queue_is_one_over_all_workers(loop: FakeLoop) -> None:
    table = SharedTable(3, WIDTH)
    table.use(2)
    here, there = (
        Bench(loop, Bounds(pool=1, queue=2), Cells(WIDTH, table, row, 0)) for row in (1, 2)
    )
    here.ask()
    assert [here.ask().state, there.ask().state] == ["waits", "waits"]
    assert type(there.ask().error) is PoolFull


def test_a_thousand_that_end_at_once_do_not_go_deeper_and_deeper(loop: FakeLoop) -> None:
    bench = Bench(loop, Bounds(pool=1, queue=5000))
    first = bench.ask()
    asked = [bench.ask(ends_at_once=True) for _ in range(3000)]
    bench.end(first)
    assert set(states(asked)) == {"over"}
    assert bench.counts == (0, 0, 3001, 0)


def test_a_worker_may_find_its_bound_by_itself(loop: FakeLoop) -> None:
    bench = Bench(loop, Bounds(adaptive=True))
    asked = [bench.ask() for _ in range(30)]
    assert states(asked).count("in") == 20
    assert repr(bench.admission) == "<Admission 20 running, 10 wait>"
    assert clock.monotonic() > 0
