"""New and returned endpoints get their share step by step, with a clock turned by hand."""

from typing import cast

import pytest

from porch.balance.endpoint import Endpoint
from porch.balance.ramp import FIRST, STEP, Ramp
from porch.balance.roster import Roster
from porch.route.route import Connections
from tests.support.network import FakeClock


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


class Bench:
    """Two endpoints of weight 10."""

    def __init__(self, time: FakeClock, seconds: float = 10.0) -> None:
        self.time = time
        self.roster = Roster("pool")
        self.pool = [self.endpoint(name) for name in ("a:1", "b:1")]
        self.ramp = Ramp(self.roster, self.pool, seconds)

    def endpoint(self, name: str) -> Endpoint:
        return Endpoint(name, cast("Connections", None), 10, None, self.roster)

    def tick(self, seconds: float) -> list[float]:
        self.time.advance(seconds)
        self.ramp.tick()
        return [round(each.weight, 2) for each in self.pool]


def test_those_that_are_there_have_all_of_their_weight(time: FakeClock) -> None:
    bench = Bench(time)
    version = bench.roster.version
    bench.ramp.look(bench.pool)
    assert bench.tick(1) == [10, 10]
    assert bench.roster.version == version, "nobody arranges anything anew for nothing"


def test_one_that_is_back_begins_with_a_tenth_at_once(time: FakeClock) -> None:
    bench = Bench(time)
    one = bench.pool[0]
    one.take_out("unhealthy", "status 500")
    one.put_back("unhealthy")
    assert one.weight == 10 * FIRST
    assert [bench.tick(2)[0] for _ in range(6)] == [2.8, 4.6, 6.4, 8.2, 10, 10]


def test_one_that_is_still_out_for_another_reason_is_not_back(time: FakeClock) -> None:
    bench = Bench(time)
    one = bench.pool[0]
    one.take_out("unhealthy", "status 500")
    one.take_out("drained", "by an operator")
    one.put_back("unhealthy")
    assert one.weight == 10


def test_the_pool_is_arranged_anew_at_each_step_and_not_between(time: FakeClock) -> None:
    bench = Bench(time)
    bench.ramp.begin(bench.pool[0])
    bench.tick(STEP)
    version = bench.roster.version
    bench.tick(STEP / 4)
    assert bench.roster.version == version
    bench.tick(STEP)
    assert bench.roster.version == version + 1
    bench.tick(20)
    version = bench.roster.version
    bench.tick(20)
    assert bench.roster.version == version, "nobody begins any more"


def test_one_that_is_new_begins_with_a_tenth_unless_it_is_out(time: FakeClock) -> None:
    bench = Bench(time)
    new, out = bench.endpoint("c:1"), bench.endpoint("d:1")
    out.take_out("drained", "by an operator")
    bench.ramp.look([*bench.pool, new, out])
    bench.ramp.look([*bench.pool, new, out])
    assert (new.weight, out.weight) == (1.0, 10)
    assert [each.weight for each in bench.pool] == [10, 10]


def test_one_that_goes_out_again_begins_anew(time: FakeClock) -> None:
    bench = Bench(time)
    one = bench.pool[0]
    bench.ramp.begin(one)
    bench.tick(5)
    one.take_out("ejected", "x")
    bench.tick(STEP)
    assert one.weight == 10
    one.put_back("ejected")
    assert one.weight == 1.0


def test_another_weight_meanwhile_is_taken_up(time: FakeClock) -> None:
    bench = Bench(time)
    bench.ramp.begin(bench.pool[0])
    bench.pool[0].weigh(20)
    assert bench.tick(5)[0] == 11.0
    assert bench.tick(5)[0] == 20


def test_without_slow_start_all_have_their_weight_at_once(time: FakeClock) -> None:
    bench = Bench(time)
    one = bench.pool[0]
    bench.ramp.begin(one)
    bench.ramp.close()
    assert one.weight == 10
    one.take_out("unhealthy", "status 500")
    one.put_back("unhealthy")
    assert one.weight == 10
