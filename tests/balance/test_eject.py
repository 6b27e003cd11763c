"""Who is left out, for how long, and how many at most; with a clock turned by hand."""

from typing import Any, cast

import pytest

from porch import clock
from porch.balance.eject import LONGEST, Eject, Ejector
from porch.balance.endpoint import WIDTH, Endpoint
from porch.route.route import ANSWERED, REQUESTS, Connections
from porch.shared import Cells, SharedTable
from tests.support.network import FakeClock


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


class Bench:
    """A pool of so many endpoints, and who ejects them. Nothing is jittered."""

    def __init__(self, time: FakeClock, count: int = 4, **words: Any) -> None:
        self.time = time
        self.pool = [Endpoint(f"{n}:1", cast("Connections", None)) for n in range(count)]
        self.ejector = Ejector(Eject(**words), lambda: 0.5)

    def fail(self, number: int = 0, broken: int = 1, plain: int = 0, seconds: float = 1.0) -> str:
        """A tick with so many failures. Returns why it is out."""
        self.time.advance(seconds)
        endpoint = self.pool[number]
        endpoint.counts[REQUESTS] += broken + plain
        trouble = broken + plain, broken, "503" if broken else "500"
        self.ejector.look(self.pool, endpoint, trouble)
        return self.why(number)

    def answer(self, number: int = 0, times: int = 1) -> None:
        self.pool[number].counts[REQUESTS] += times
        self.pool[number].counts[ANSWERED] = clock.milliseconds

    def why(self, number: int = 0) -> str:
        out = self.pool[number].out.get("ejected")
        return out.text if out is not None else ""

    @property
    def out(self) -> str:
        return "".join("x" if each.out else "." for each in self.pool)

    def tick(self, seconds: float) -> str:
        self.time.advance(seconds)
        self.ejector.put_back()
        return self.out


# --- in a row ----------------------------------------------------------------------------------


def test_five_failures_in_a_row_are_enough(time: FakeClock) -> None:
    bench = Bench(time)
    assert [bench.fail() for _ in range(4)] == [""] * 4
    assert bench.fail() == "5 failures in a row, the last one 503"
    assert bench.out == "x..."


def test_a_good_answer_of_any_worker_between_begins_anew(time: FakeClock) -> None:
    bench = Bench(time)
    for _ in range(4):
        bench.fail()
    time.advance(2)
    bench.answer()
    time.advance(2)
    assert [bench.fail() for _ in range(4)] == [""] * 4
    assert bench.fail() != ""


def test_one_that_answers_some_well_and_some_not_stays(time: FakeClock) -> None:
    """A tenth of 503, of a hundred requests a tick."""
    bench = Bench(time)
    for _ in range(100):
        bench.answer(times=90)
        assert bench.fail(broken=10, seconds=0.25) == ""


def test_a_good_answer_long_ago_does_not_count(time: FakeClock) -> None:
    bench = Bench(time)
    bench.answer()
    time.advance(60)
    assert bench.fail(broken=5) != ""


def test_a_plain_500_neither_counts_nor_forgives(time: FakeClock) -> None:
    """One page that is broken must not take the backend out with it."""
    bench = Bench(time)
    assert [bench.fail(broken=0, plain=50) for _ in range(20)] == [""] * 20
    for _ in range(4):
        bench.fail()
    bench.fail(broken=0, plain=50)
    assert bench.fail() != ""


def test_the_answers_of_all_workers_are_one_row(time: FakeClock) -> None:
    table = SharedTable(3, WIDTH)
    table.use(2)
    here, there = (
        Endpoint("a:1", cast("Connections", None), 1, Cells(WIDTH, table, row, 0)) for row in (1, 2)
    )
    bench = Bench(time)
    bench.pool[0] = here
    there.counts[ANSWERED] = clock.milliseconds + 750
    assert bench.fail(broken=9, seconds=1) == ""
    time.advance(5)
    assert bench.fail(broken=9) != ""


def test_failures_0_is_never(time: FakeClock) -> None:
    bench = Bench(time, failures=0)
    assert [bench.fail(broken=50) for _ in range(20)] == [""] * 20


# --- rate --------------------------------------------------------------------------------------


def test_a_rate_is_of_so_many_requests_at_least(time: FakeClock) -> None:
    bench = Bench(time, rate=0.5, of=20)
    for _ in range(4):
        bench.answer(times=2)
        assert bench.fail(broken=0, plain=2) == ""
    bench.answer(times=2)
    assert bench.fail(broken=0, plain=4) == "12 of 20 requests failed, the last one 500"


def test_one_that_is_under_the_rate_stays(time: FakeClock) -> None:
    bench = Bench(time, rate=0.5, of=20)
    for _ in range(50):
        bench.answer(times=9)
        assert bench.fail(broken=0, plain=1) == ""


def test_what_is_long_ago_is_not_of_the_rate(time: FakeClock) -> None:
    bench = Bench(time, rate=0.5, of=20)
    for _ in range(10):
        assert bench.fail(broken=0, plain=10, seconds=40) == ""


# --- slow --------------------------------------------------------------------------------------


def slow(time: FakeClock, *usual: float, slower: float | None = 5.0, requests: int = 20) -> Bench:
    bench = Bench(time, len(usual), slower=slower)
    for each, seconds in zip(bench.pool, usual, strict=True):
        each.usual = seconds
        each.counts[REQUESTS] = requests
    bench.ejector.look_slow(bench.pool)
    return bench


def test_one_that_is_so_many_times_slower_than_the_others_is_out(time: FakeClock) -> None:
    bench = slow(time, 0.1, 0.1, 0.7, 0.12)
    assert bench.why(2) == "first byte after 0.7 s, of the others after 0.1 s"
    assert bench.out == "..x."


@pytest.mark.parametrize(
    ("usual", "words"),
    [
        ((0.1, 0.1, 0.4), {}),
        ((0.001, 0.001, 0.02), {}),
        ((0.1, 0.0, 0.0), {}),
        ((0.1, 0.1, 0.7), {"slower": None}),
        ((0.1, 0.1, 0.7), {"requests": 3}),
        ((5.0,), {}),
    ],
)
def test_who_is_not_known_or_not_noticeably_slower_stays(
    time: FakeClock, usual: tuple[float, ...], words: Any
) -> None:
    assert "x" not in slow(time, *usual, **words).out


def test_one_that_is_back_is_judged_by_what_it_does_then(time: FakeClock) -> None:
    bench = slow(time, 0.1, 0.1, 0.7)
    bench.tick(31)
    bench.pool[2].usual = 0.9
    bench.ejector.look_slow(bench.pool)
    assert bench.out == "...", "one answer says nothing"
    bench.pool[2].counts[REQUESTS] += 10
    bench.ejector.look_slow(bench.pool)
    assert bench.out == "..x"


# --- how long ------------------------------------------------------------------------------------


def test_it_is_back_by_itself_when_its_time_is_over(time: FakeClock) -> None:
    bench = Bench(time)
    bench.fail(broken=5)
    assert bench.pool[0].out["ejected"].until == clock.wall() + 30
    assert bench.tick(29.9) == "x..."
    assert bench.tick(0.2) == "...."


def test_each_further_time_is_longer_up_to_five_minutes(time: FakeClock) -> None:
    bench = Bench(time)
    lasted = []
    for _ in range(12):
        bench.fail(broken=5)
        lasted.append(bench.pool[0].out["ejected"].until - clock.wall())
        bench.tick(lasted[-1] + 0.1)
        assert bench.out == "...."
    assert [round(each) for each in lasted[:4]] == [30, 60, 90, 120]
    assert lasted[-1] == LONGEST


def test_peace_is_forgiven_a_step_for_each_such_time(time: FakeClock) -> None:
    bench = Bench(time)
    for _ in range(4):
        bench.fail(broken=5)
        bench.tick(200)
        time.advance(200)
    bench.fail(broken=5)
    assert bench.pool[0].out["ejected"].until == clock.wall() + 30


@pytest.mark.parametrize(("drawn", "seconds"), [(0.0, 27), (0.999999, 33)])
def test_two_that_went_together_do_not_come_back_together(
    time: FakeClock, drawn: float, seconds: float
) -> None:
    bench = Bench(time)
    bench.ejector = Ejector(Eject(), lambda: drawn)
    bench.fail(broken=5)
    assert bench.pool[0].out["ejected"].until - clock.wall() == pytest.approx(seconds, abs=0.01)


def test_what_was_under_way_when_it_went_does_not_lengthen_it(time: FakeClock) -> None:
    bench = Bench(time)
    bench.fail(broken=5)
    until = bench.pool[0].out["ejected"].until
    bench.fail(broken=5)
    assert bench.pool[0].out["ejected"].until == until


@pytest.mark.parametrize("kind", ["silent", "refused", "unhealthy", "drained"])
def test_one_that_is_out_already_is_not_ejected_too(time: FakeClock, kind: Any) -> None:
    """One that hung would be back at once when it answers again, and not half a minute later."""
    bench = Bench(time)
    bench.fail(broken=4)
    bench.pool[0].take_out(kind, "x")
    assert [bench.fail(broken=9) for _ in range(5)] == [""] * 5
    bench.pool[0].put_back(kind)
    assert bench.fail(broken=4) == ""
    assert bench.fail(broken=1) != ""


# --- how many ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "most", "out"),
    [
        (1, 0.5, "."),
        (2, 0.5, "x."),
        (3, 0.5, "x.."),
        (4, 0.5, "xx.."),
        (4, 1.0, "xxx."),
        (20, 0.1, "xx" + "." * 18),
        (5, 0.01, "x...."),
    ],
)
def test_no_more_than_the_share_go_and_one_always_stays(
    time: FakeClock, count: int, most: float, out: str
) -> None:
    bench = Bench(time, count, most=most)
    for number in range(count):
        bench.fail(number, broken=5, seconds=0.1)
    assert bench.out == out


def test_the_only_one_that_is_left_stays_whoever_took_the_others(time: FakeClock) -> None:
    bench = Bench(time, 3, most=1.0)
    bench.pool[0].take_out("unhealthy", "status 500")
    bench.pool[1].take_out("refused", "connection_refused")
    assert bench.fail(2, broken=50) == ""


def test_one_without_weight_is_no_one_to_be_left(time: FakeClock) -> None:
    bench = Bench(time, 2)
    bench.pool[1].weigh(0)
    assert bench.fail(0, broken=50) == ""


# --- another configuration, another worker ------------------------------------------------------


def test_who_decides_next_puts_back_in_time_whom_another_took_out(time: FakeClock) -> None:
    bench = Bench(time)
    bench.fail(broken=5)
    time.advance(10)
    bench.ejector = Ejector(Eject(), lambda: 0.5)
    bench.ejector.take(bench.pool, Eject())
    assert bench.tick(19.9) == "x..."
    assert bench.tick(0.2) == "...."
    bench.fail(broken=5)
    assert bench.pool[0].out["ejected"].until == clock.wall() + 60


def test_another_policy_counts_from_now_on_and_nobody_comes_back_for_it(time: FakeClock) -> None:
    bench = Bench(time)
    bench.fail(broken=5)
    bench.ejector.take(bench.pool, Eject(failures=2, seconds=5))
    assert bench.out == "x..."
    assert bench.fail(1, broken=2) != ""
    assert bench.tick(30) == "...."


def test_it_prints_how_many_are_out(time: FakeClock) -> None:
    bench = Bench(time)
    bench.fail(0, broken=5)
    bench.fail(1)
    assert repr(bench.ejector) == "<Ejector 2 known, 1 out>"
