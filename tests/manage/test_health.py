"""A worker's part: what it reports, what the first one decides, and what a reload leaves."""

from pathlib import Path
from typing import Any, cast

import pytest

from porch import clock
from porch.balance.care import Care
from porch.balance.check import Check
from porch.balance.eject import Eject
from porch.balance.endpoint import WAITING, Endpoint, Out
from porch.balance.round_robin import RoundRobin
from porch.balance.standing import Standing
from porch.balance.upstream import Upstream
from porch.config.state import Ask, State
from porch.config.steps import complete
from porch.exchange import Exchange
from porch.forward.address import Address
from porch.http.h1 import HeadLimits
from porch.manage.checks import Checks
from porch.manage.health import Health
from porch.route.route import HEARD, REQUESTS
from tests.support.network import FakeClock

HERE = Path()
CHECK = Check(every=50.0)


def ask(address: Address, pool: str, limits: HeadLimits | None = None) -> Ask:
    limits = limits or HeadLimits()
    return Ask(address=address, pool=pool, weight=10, limits=limits, most_interim=10, idle=4.0)


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


class Worker:
    """One, and what it sends. decides: it is the first."""

    def __init__(self, *, decides: bool = True) -> None:
        self.state = State()
        self.sent: list[tuple[str, Any]] = []
        self.told: list[Standing] = []
        self.state.standings.send = self.told.append
        self.asked: list[Address] = []
        checks = Checks(self._client, print) if decides else None
        self.health = Health(self.state, checks, lambda *each: self.sent.append(each))

    def _client(self, address: Address, authority: bytes) -> Any:
        self.asked.append(address)

    def endpoint(self, port: int, pool: str = "p") -> Endpoint:
        address = Address(host="a", port=port)
        return self.state.endpoint(ask(address, pool))

    def load(self, *ports: int, pool: str = "p", **care: Any) -> list[Endpoint]:
        """A reload: one pool of these."""
        self.state.begin()
        endpoints = [self.endpoint(each, pool) for each in ports]
        made = Upstream(pool, endpoints, RoundRobin(), self.state.roster(pool))
        made.care = Care(**care)
        complete(self.health.taking([made], HERE))
        self.state.commit()
        return endpoints


class Waiting:
    """An exchange that was sent there and has no answer."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.waits = True


def fail(endpoint: Endpoint, times: int = 5, word: str = "503") -> None:
    for _ in range(times):
        endpoint.counts[REQUESTS] += 1
        endpoint.on_bad(word)


def test_the_first_worker_ejects_at_its_next_tick() -> None:
    worker = Worker()
    one, two = worker.load(1, 2)
    fail(one)
    worker.health.tick()
    assert one.out["ejected"].text == "5 failures in a row, the last one 503"
    assert two.out == {}
    assert worker.told == [(("p", "a:1"), "ejected", one.out["ejected"])]


def test_another_reports_each_trouble_once_and_decides_nothing() -> None:
    worker = Worker(decides=False)
    one, _ = worker.load(1, 2)
    fail(one, 2)
    fail(one, 7, "500")
    worker.health.tick()
    worker.health.tick()
    assert worker.sent == [("troubled", [(("p", "a:1"), (9, 2, "500"))])]
    assert one.out == {}


def test_endpoints_that_failed_and_are_found_no_more_are_forgotten() -> None:
    """Whoever goes has failed before, often: a door that runs for a year has seen many of them."""
    worker = Worker()
    one, two, three = worker.load(1, 2, 3)
    pool = worker.health._pools["p"]
    for gone in (one, two):
        fail(gone, 1)
        worker.health.tick()
    assert set(worker.health._ejectors["p"]._of) == {one, two}
    pool.use([two, three])
    worker.health.tick()
    assert set(worker.health._ejectors["p"]._of) == {two}
    pool.use([three])
    worker.health.tick()
    assert set(worker.health._ejectors["p"]._of) == set()


def test_who_has_an_answer_is_not_counted_as_waiting_behind_the_next_tick() -> None:
    worker = Worker()
    one, _ = worker.load(1, 2)
    exchange = Waiting(one)
    one.counts[HEARD] = clock.milliseconds
    one.on_waits(cast("Exchange", exchange))
    worker.health.tick()
    assert one.counts[WAITING] == 1
    exchange.waits = False
    worker.health.tick()
    assert one.counts[WAITING] == 0


def test_what_others_report_counts_with_its_own() -> None:
    worker = Worker()
    one, _ = worker.load(1, 2)
    fail(one, 3)
    worker.health.tick()
    worker.health.on_troubled([(("p", "a:1"), (2, 2, "502"))])
    assert one.out["ejected"].text == "5 failures in a row, the last one 502"


def test_a_report_of_a_pool_that_is_gone_or_has_one_endpoint_is_nothing() -> None:
    worker = Worker()
    (one,) = worker.load(1)
    worker.health.on_troubled([(("p", "a:1"), (9, 9, "503")), (("q", "a:1"), (9, 9, "503"))])
    assert one.out == {}


def test_one_that_a_reload_has_replaced_is_not_judged_for_the_new_one() -> None:
    worker = Worker()
    worker.load(1, 2)
    old = worker.state.named(("p", "a:1"))[0]
    worker.state.begin()
    bounds = HeadLimits(head=999)
    found = [
        worker.state.endpoint(ask(Address(host="a", port=port), "p", bounds)) for port in (1, 2)
    ]
    pool = Upstream("p", found, RoundRobin(), worker.state.roster("p"))
    complete(worker.health.taking([pool], HERE))
    fail(old)
    worker.health.tick()
    assert old.out == {}
    assert list(found[0].out) == ["ejected"], "it is the same address"


def test_one_that_was_ejected_is_back_by_a_tick(time: FakeClock) -> None:
    worker = Worker()
    one, _ = worker.load(1, 2)
    fail(one)
    worker.health.tick()
    time.advance(26.9)
    worker.health.tick()
    assert "ejected" in one.out
    time.advance(6.2)
    worker.health.tick()
    assert one.out == {}


def test_who_is_slow_is_looked_for_once_a_second_where_somebody_says_so(time: FakeClock) -> None:
    worker = Worker()
    endpoints = worker.load(1, 2, 3, eject=Eject(slower=3.0))
    for each, usual in zip(endpoints, (0.1, 0.1, 0.9), strict=True):
        each.usual, each.counts[REQUESTS] = usual, 50
    worker.health.tick()
    assert [len(each.out) for each in endpoints] == [0, 0, 1]
    time.advance(34)
    worker.health.tick()
    assert [len(each.out) for each in endpoints] == [0, 0, 0]


def test_the_next_worker_goes_on_with_what_it_was_forked_with(time: FakeClock) -> None:
    worker = Worker()
    worker.state.on_told((("p", "a:1"), "ejected", Out("x", clock.wall() - 10, clock.wall() + 10)))
    worker.state.on_told((("p", "a:2"), "unhealthy", Out("y", clock.wall() - 10)))
    one, two = worker.load(1, 2, check=CHECK)
    assert (list(one.out), list(two.out)) == (["ejected"], ["unhealthy"])
    time.advance(11)
    worker.health.tick()
    assert (list(one.out), list(two.out)) == ([], ["unhealthy"])


def test_who_leaves_decides_nothing_any_more() -> None:
    worker = Worker()
    one, _ = worker.load(1, 2)
    worker.health.close()
    fail(one)
    worker.health.on_troubled([(("p", "a:1"), (9, 9, "503"))])
    assert one.out == {}


# --- a reload ------------------------------------------------------------------------------------


def test_with_eject_false_nobody_is_and_who_was_is_back() -> None:
    worker = Worker()
    one, _ = worker.load(1, 2)
    fail(one)
    worker.health.tick()
    worker.load(1, 2, eject=None)
    assert one.out == {}
    fail(one, 50)
    worker.health.tick()
    assert one.out == {}


def test_an_ejection_and_its_time_outlive_a_reload(time: FakeClock) -> None:
    worker = Worker()
    one, _ = worker.load(1, 2)
    fail(one)
    worker.health.tick()
    time.advance(20)
    worker.load(1, 2, 3)
    worker.health.tick()
    assert "ejected" in one.out
    time.advance(14)
    worker.health.tick()
    assert one.out == {}


def test_only_the_first_worker_asks() -> None:
    one, other = Worker(), Worker(decides=False)
    for each in (one, other):
        each.load(1, 2, check=CHECK)
    assert [each.port for each in one.asked] == [1, 2]
    assert other.asked == []


def test_a_check_that_was_taken_out_leaves_nobody_unhealthy() -> None:
    worker = Worker()
    one, _ = worker.load(1, 2, check=CHECK)
    one.take_out("unhealthy", "status 500, 2 of 2")
    worker.load(1, 2)
    assert one.out == {}


def test_a_new_first_worker_puts_back_whom_a_check_of_before_took_out() -> None:
    worker = Worker()
    worker.state.on_told((("p", "a:1"), "unhealthy", Out("x", 1.0)))
    one, _ = worker.load(1, 2)
    assert one.out == {}


def test_a_pool_that_is_gone_is_looked_after_no_more() -> None:
    worker = Worker()
    one, _ = worker.load(1, 2, check=CHECK, slow_start=10.0)
    worker.load(1, 2, pool="q")
    assert repr(worker.health) == "<Health of 1 pools, <Checks of 0 endpoints, 0 run>>"
    fail(one)
    worker.health.tick()


def test_endpoints_that_come_and_go_by_themselves_are_asked_too() -> None:
    worker = Worker()
    worker.state.begin()
    one, two, three = (worker.endpoint(port) for port in (1, 2, 3))
    roster = worker.state.roster("p")
    pool = Upstream("p", [one, two], RoundRobin(), roster)
    pool.care = Care(check=CHECK, slow_start=10.0)
    complete(worker.health.taking([pool], HERE))
    worker.health.tick()
    pool.endpoints = (two, three)
    worker.health.tick()
    assert [each.port for each in worker.asked] == [1, 2, 3]
    assert (two.weight, three.weight) == (10, 1)


def test_a_reload_in_the_middle_of_another_has_the_last_word() -> None:
    worker = Worker()
    worker.state.begin()
    pools = [Upstream(name, [worker.endpoint(1, name)], RoundRobin()) for name in "abc"]
    for each in pools:
        each.care = Care(check=CHECK)
    first = worker.health.taking(pools, HERE)
    next(first)
    complete(worker.health.taking(pools[1:2], HERE))
    complete(first)
    assert repr(worker.health) == "<Health of 1 pools, <Checks of 1 endpoints, 0 run>>"


# --- slow start ----------------------------------------------------------------------------------


@pytest.mark.parametrize("decides", [True, False])
def test_every_worker_gives_its_share_to_who_comes_back(time: FakeClock, *, decides: bool) -> None:
    worker = Worker(decides=decides)
    one, two = worker.load(1, 2, slow_start=10.0)
    assert (one.weight, two.weight) == (10, 10), "all are new: nobody is"
    worker.state.on_told((("p", "a:1"), "unhealthy", Out("x", 1.0)))
    worker.state.on_told((("p", "a:1"), "unhealthy", None))
    assert one.weight == 1
    time.advance(5)
    worker.health.tick()
    assert one.weight == 5.5
    time.advance(5)
    worker.health.tick()
    assert one.weight == 10


def test_who_is_new_by_a_reload_begins_and_who_was_there_does_not() -> None:
    worker = Worker()
    worker.load(1, 2, slow_start=10.0)
    found = worker.load(1, 2, 3, slow_start=10.0)
    assert [each.weight for each in found] == [10, 10, 1]
    found = worker.load(1, 2, 3)
    assert [each.weight for each in found] == [10, 10, 10]
