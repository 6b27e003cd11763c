"""Who leads: what explain is told of each algorithm is what the next request meets, and changes
nothing."""

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from porch import clock
from porch.balance.consistent_hash import LEAST, ConsistentHash
from porch.balance.endpoint import Endpoint
from porch.balance.first_available import FirstAvailable
from porch.balance.hash_keys import by_client
from porch.balance.least_requests import LeastRequests
from porch.balance.least_time import LeastTime
from porch.balance.random_choice import RandomChoice
from porch.balance.roster import Roster
from porch.balance.round_robin import RoundRobin
from porch.balance.tiers import Tiers
from porch.balance.upstream import Balancer, Upstream
from porch.route.route import HEARD, REQUESTS, RUNNING
from tests.support.network import FakeClock
from tests.support.pools import chosen, exchange_of, pool

Number = Callable[[], float]
MAKERS: dict[str, Callable[[Number], Balancer]] = {
    "round-robin": lambda number: RoundRobin(),
    "first": lambda number: FirstAvailable(),
    "random": RandomChoice,
    "least-requests": LeastRequests,
    "least-time": LeastTime,
    "hash client": lambda number: ConsistentHash(by_client, number=number),
    "tiers": lambda number: Tiers(lambda: RandomChoice(number), number),
}


@pytest.fixture(autouse=True)
def time(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    return FakeClock(monkeypatch)


def loaded(count: int, seed: int) -> list[Endpoint]:
    """Endpoints of several weights that are more and less busy, and known and not."""
    chance = random.Random(seed)
    endpoints = pool(*(chance.choice((1, 1, 2, 5)) for _ in range(count)))
    for number, each in enumerate(endpoints):
        each.priority = number % 2
        each.counts[RUNNING] = chance.randrange(3) or chance.randrange(40)
        each.counts[HEARD] = clock.milliseconds - chance.randrange(3000)
        each.usual = chance.choice((0.0, 0.01, 0.02, 0.5))
    return endpoints


@pytest.mark.parametrize("count", [2, 3, 4, 9, 40])
@pytest.mark.parametrize("name", MAKERS)
def test_who_comes_first_is_one_of_those_that_lead(name: str, count: int) -> None:
    for seed in range(12):
        endpoints = loaded(count, seed)
        balancer = MAKERS[name](random.Random(seed).random)
        balancer.use(endpoints, endpoints)
        for client in range(200):  # what is known of many is known after a while
            chosen(balancer, exchange_of(b"10.0.1.%d" % client))
        for client in range(12):
            exchange = exchange_of(b"10.0.0.%d" % client)
            leading = [*balancer.leading(exchange)]
            assert chosen(balancer, exchange) in leading
            assert len({*leading}) == len(leading)


@pytest.mark.parametrize("name", MAKERS)
def test_to_look_at_who_leads_changes_nothing(name: str) -> None:
    """Of two that are the same one is looked at again and again; both choose alike."""
    order: list[list[str]] = []
    for looks in (0, 5):
        endpoints = loaded(9 if name != "least-time" else 4, 3)
        balancer = MAKERS[name](random.Random(3).random)
        balancer.use(endpoints, endpoints)
        names = []
        for client in range(40):
            exchange = exchange_of(b"10.0.0.%d" % client)
            for _ in range(looks):
                balancer.leading(exchange)
            names.append(chosen(balancer, exchange).name)
        order.append(names)
    assert order[0] == order[1]


def test_one_leads_where_it_is_certain_and_several_where_it_is_drawn() -> None:
    endpoints = pool(1, 1, 1)
    of = {name: make(random.Random(3).random) for name, make in MAKERS.items()}
    for each in of.values():
        each.use(endpoints, endpoints)
    exchange = exchange_of()
    counts = {name: len(each.leading(exchange)) for name, each in of.items()}
    assert counts["round-robin"] == counts["first"] == counts["hash client"] == 1
    assert counts["random"] == counts["least-requests"] == 3
    endpoints[1].counts[RUNNING] = endpoints[2].counts[RUNNING] = 1
    assert [*of["least-requests"].leading(exchange)] == endpoints[:1]


def test_a_key_is_led_past_who_is_too_busy() -> None:
    endpoints = pool(*[1] * 5)
    balancer = ConsistentHash(by_client)
    balancer.use(endpoints, endpoints)
    exchange = exchange_of()
    (owner,) = balancer.leading(exchange)
    owner.counts[RUNNING] = 50 * LEAST
    (other,) = balancer.leading(exchange)
    assert other is not owner
    assert chosen(balancer, exchange) is other


# --- in a pool ---------------------------------------------------------------------------------


class Bench:
    def __init__(self, *weights: float) -> None:
        self.roster = Roster("pool")
        self.dialled: list[Any] = []
        connections: Any = SimpleNamespace(dial_ahead=self.dialled.append)
        self.all = [
            Endpoint(f"e{n}", connections, weight, roster=self.roster)
            for n, weight in enumerate(weights)
        ]
        self.upstream = Upstream("pool", self.all, FirstAvailable(), self.roster)

    @property
    def leading(self) -> str:
        found = "".join(each.name for each in self.upstream.leading(exchange_of()))
        assert self.upstream.budget.came == 0
        assert self.dialled == []
        assert all(each.counts[REQUESTS] == 0 for each in self.all)
        return found


def test_who_is_out_or_full_does_not_lead(time: FakeClock) -> None:
    bench = Bench(1, 1, 1)
    assert bench.leading == "e0"
    bench.all[0].take_out("unhealthy", "status 503")
    assert bench.leading == "e1"
    bench.upstream.most = 2
    bench.all[1].counts[RUNNING] = 2
    assert bench.upstream.is_full(bench.all[1])
    assert bench.leading == "e2"
    bench.all[2].counts[RUNNING] = 3
    assert bench.leading == "e1"  # the idlest takes what was let in


def test_where_all_refuse_one_leads_each_half_second(time: FakeClock) -> None:
    bench = Bench(1, 1)
    for each in bench.all:
        each.on_failure("connection_refused")
    assert bench.leading == ""
    time.advance(0.6)
    assert bench.leading == bench.leading == "e0"


def test_an_only_endpoint_leads_unless_it_is_drained_or_weighs_nothing() -> None:
    assert Bench(1).leading == "e0"
    assert Bench(0).leading == ""
    bench = Bench(1)
    bench.all[0].take_out("drained", "by porch drain")
    assert bench.leading == ""
