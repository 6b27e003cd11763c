"""Least time: who would answer soonest, and what becomes of one that is slow."""

import heapq
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch import clock
from porch.balance.endpoint import Endpoint
from porch.balance.least_time import HALVED, LeastTime
from porch.route.route import HEARD, RUNNING
from tests.support.chance import is_fair
from tests.support.pools import NOBODY, chosen, counts, looked_at, pool


class Bench:
    """Endpoints that answer in their times, under so many clients, on a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, took: list[float], clients: int) -> None:
        self.monkeypatch = monkeypatch
        self.took = took
        self.clients = clients
        self.now = 1000.0
        self.endpoints = pool(*[1] * len(took))
        self.chance = random.Random(11)
        self.balancer = LeastTime(self.chance.random)
        self.balancer.use(self.endpoints, self.endpoints)
        self.running: list[tuple[float, int, float]] = []

    def serve(self, seconds: float, pause: float = 0.0) -> list[int]:
        """Requests that each endpoint gets meanwhile. pause: of a client between two."""
        found: Counter[int] = Counter()
        until = self.now + seconds
        while len(self.running) < self.clients:
            heapq.heappush(self.running, (self.now + self.chance.random() / 100, -1, 0.0))
        while self.running[0][0] < until:
            self.now, number, began = heapq.heappop(self.running)
            self.monkeypatch.setattr(clock, "milliseconds", int(self.now * 1000))
            if number >= 0:
                self.answer(self.endpoints[number], self.now - began)
                heapq.heappush(self.running, (self.now + pause, -1, 0.0))
                continue
            endpoint = chosen(self.balancer)
            number = self.endpoints.index(endpoint)
            endpoint.counts[RUNNING] += 1
            found[number] += 1
            took = self.took[number] * (0.7 + 0.6 * self.chance.random())
            heapq.heappush(self.running, (self.now + took, number, self.now))
        self.now = until
        return [found[number] for number in range(len(self.endpoints))]

    def answer(self, endpoint: Endpoint, took: float) -> None:
        """What exchange.py does."""
        endpoint.counts[RUNNING] -= 1
        endpoint.counts[HEARD] = clock.milliseconds
        usual = endpoint.usual
        endpoint.usual = usual + (took - usual) / 8 if usual else took


@pytest.mark.parametrize("count", [3, 8])
@pytest.mark.parametrize("clients", [1, 12])
def test_one_that_is_20_times_slower_gets_under_a_twentieth(
    monkeypatch: pytest.MonkeyPatch, count: int, clients: int
) -> None:
    bench = Bench(monkeypatch, [0.2] + [0.01] * (count - 1), clients)
    bench.serve(5)
    found = bench.serve(60)
    assert found[0] < 0.05 * sum(found)


@pytest.mark.parametrize("count", [3, 8])
def test_one_that_becomes_slow_loses_its_share_at_once(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    bench = Bench(monkeypatch, [0.01] * count, 12)
    bench.serve(10)
    bench.took[1] = 0.2
    found = bench.serve(10)
    assert found[1] < 0.05 * sum(found)


def test_one_that_was_slow_is_tried_and_has_its_share_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(monkeypatch, [0.2, 0.01, 0.01], 12)
    bench.serve(30)
    bench.took[0] = 0.01
    bench.serve(30)
    found = bench.serve(30)
    assert found[0] > 0.2 * sum(found)


def test_one_that_stays_slow_is_tried_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, [0.2, 0.01, 0.01], 1)
    bench.serve(30)
    found = bench.serve(200, pause=0.1)
    assert 3 <= found[0] <= 0.05 * sum(found)


@pytest.mark.parametrize("count", [3, 8])
def test_those_that_are_as_quick_share(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    bench = Bench(monkeypatch, [0.01] * count, 16)
    found = bench.serve(10)
    assert max(found) < 1.5 * min(found)


# --- cold ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("weights", [(1, 1), (5, 2, 1), (1,) * 10])
def test_while_nothing_is_known_idle_endpoints_share_by_weight(weights: tuple[int, ...]) -> None:
    endpoints = pool(*weights)
    balancer = LeastTime(random.Random(3).random)
    balancer.use(endpoints, endpoints)
    assert is_fair(counts(balancer, endpoints, 4000), weights)


def test_while_nothing_is_known_the_idlest_is_chosen() -> None:
    endpoints = pool(1, 1, 1)
    endpoints[0].counts[RUNNING], endpoints[2].counts[RUNNING] = 2, 1
    balancer = LeastTime(random.Random(3).random)
    balancer.use(endpoints, endpoints)
    assert counts(balancer, endpoints, 50) == [0, 50, 0]


def test_a_new_endpoint_gets_no_more_at_once_than_the_quickest_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(monkeypatch, [0.01, 0.01, 5.0], 32)
    two = bench.endpoints[:2]
    bench.balancer.use(two, two)
    bench.serve(5)
    bench.balancer.use(bench.endpoints, bench.endpoints)
    assert bench.serve(1)[2] < 32


def test_a_new_endpoint_that_is_quick_has_its_share_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch, [0.01, 0.01, 0.01], 16)
    two = bench.endpoints[:2]
    bench.balancer.use(two, two)
    bench.serve(5)
    bench.balancer.use(bench.endpoints, bench.endpoints)
    found = bench.serve(5)
    assert found[2] > 0.2 * sum(found)


# --- one choice ----------------------------------------------------------------------------------


def known(*usual: float) -> tuple[LeastTime, list[Endpoint]]:
    endpoints = pool(*[1] * len(usual))
    for each, seconds in zip(endpoints, usual, strict=True):
        each.usual = seconds
        each.counts[HEARD] = clock.milliseconds
    balancer = LeastTime(random.Random(3).random)
    balancer.use(endpoints, endpoints)
    return balancer, endpoints


def test_time_counts_as_often_as_there_are_requests() -> None:
    balancer, endpoints = known(0.01, 0.03)
    endpoints[0].counts[RUNNING] = 1
    assert chosen(balancer) is endpoints[0]
    endpoints[0].counts[RUNNING] = 3
    assert chosen(balancer) is endpoints[1]


def test_an_answer_counts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only from the next tick of the clock on."""
    monkeypatch.setattr(clock, "milliseconds", 1_000_000)
    balancer, endpoints = known(0.01, 0.02)
    assert chosen(balancer) is endpoints[0]
    endpoints[0].usual = 0.03
    assert chosen(balancer) is endpoints[1]
    endpoints[0].usual = 0.0
    assert chosen(balancer) is endpoints[0], "nothing is known of it any more"


def test_what_is_alike_is_shared() -> None:
    balancer, endpoints = known(0.010, 0.011, 0.02)
    assert is_fair(counts(balancer, endpoints, 1000)[:2], [1, 1])
    assert counts(balancer, endpoints, 1000)[2] == 0


def test_the_others_follow_soonest_first() -> None:
    balancer, endpoints = known(0.03, 0.01, 0.02)
    assert [*balancer.candidates(NOBODY)] == [endpoints[1], endpoints[2], endpoints[0]]


def test_silence_halves_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "milliseconds", 1_000_000)
    balancer, endpoints = known(0.04, 0.011)
    assert chosen(balancer) is endpoints[1]
    monkeypatch.setattr(clock, "milliseconds", 1_000_000 + int(2.5 * HALVED))
    endpoints[1].counts[HEARD] = clock.milliseconds
    assert chosen(balancer) is endpoints[0]


def test_a_choice_of_many_looks_at_two() -> None:
    balancer, endpoints = known(*[0.01] * 1000)
    looks = looked_at(endpoints)
    chosen(balancer)
    assert len(looks) == 2


def test_weight_counts_what_runs() -> None:
    endpoints = pool(4, 1)
    balancer = LeastTime(random.Random(3).random)
    balancer.use(endpoints, endpoints)
    for each, running in zip(endpoints, (8, 4), strict=True):
        each.usual = 0.01
        each.counts[HEARD] = clock.milliseconds
        each.counts[RUNNING] = running
    assert chosen(balancer) is endpoints[0]
    endpoints[0].counts[RUNNING] = 24
    assert chosen(balancer) is endpoints[1]


def test_one_whose_time_is_to_be_found_out_anew_is_as_quick_as_the_quickest() -> None:
    balancer, endpoints = known(0.04, 0.01)
    assert chosen(balancer) is endpoints[1]
    endpoints[0].usual = 0.0  # it was ejected, and is back
    endpoints[1].counts[RUNNING] = 1
    assert chosen(balancer) is endpoints[0]
    endpoints[0].usual = 0.04
    assert chosen(balancer) is endpoints[1], "and then for what it is, though it was that before"


def test_endpoints_that_are_gone_are_forgotten() -> None:
    balancer, endpoints = known(*[0.01] * 40)
    for _ in range(500):
        chosen(balancer)
    few = endpoints[:5]
    balancer.use(few, few)
    assert {*balancer._known} <= {*few}


@pytest.mark.parametrize("number", [0.0, 0.5, 1 - 2**-53])
@given(
    ups=st.lists(st.sets(st.integers(0, 6), min_size=2), min_size=1, max_size=5),
    usual=st.lists(st.floats(0, 10), min_size=7, max_size=7),
)
def test_each_comes_once_whoever_comes_and_goes(
    number: float, ups: list[set[int]], usual: list[float]
) -> None:
    endpoints = pool(1, 2, 1, 9, 1, 0.5, 1)
    for each, seconds in zip(endpoints, usual, strict=True):
        each.usual = seconds
    balancer = LeastTime(lambda: number)
    for up in ups:
        there = [endpoints[each] for each in sorted(up)]
        balancer.use(there, endpoints)
        order = [each.name for each in balancer.candidates(NOBODY)]
        assert sorted(order) == sorted(each.name for each in there)
