"""What does it cost to choose an endpoint of 3, of 1,000 and of 10,000?

    python bench/balance.py

The first table is the time of one choice in us, the best of 60 repeats: the first candidate of a
GET, with counts in memory that two workers share and every endpoint known and idle. "An empty call"
is what Python takes for a function that does nothing: where it is 0.04 and not 0.02 the machine is
busy, and all else is twice as long too. The second table is the time in ms to take note that
one endpoint went out of rotation, and for a hash to place all of them on the ring at the start,
which a worker does in steps between its requests.
"""

import sys
import timeit
from collections.abc import Callable, Iterator
from typing import Any, cast

from harness import machine

from porch import clock
from porch.balance.consistent_hash import ConsistentHash
from porch.balance.endpoint import WIDTH, Endpoint
from porch.balance.first_available import FirstAvailable
from porch.balance.hash_keys import by_client
from porch.balance.least_requests import LeastRequests
from porch.balance.least_time import LeastTime
from porch.balance.random_choice import RandomChoice
from porch.balance.ring import Ring
from porch.balance.round_robin import RoundRobin
from porch.balance.tiers import Tiers
from porch.balance.upstream import Balancer
from porch.exchange import Exchange
from porch.route.route import HEARD
from porch.shared import Cells, SharedTable

SIZES = (3, 1_000, 10_000)
REPEATS = 60
CALLS = 500

MAKE: dict[str, Callable[[], Balancer]] = {
    "round-robin": RoundRobin,
    "random": RandomChoice,
    "first": FirstAvailable,
    "least-requests": LeastRequests,
    "least-time": LeastTime,
    "hash client": lambda: ConsistentHash(by_client),
    "two tiers of least-requests": lambda: Tiers(LeastRequests),
}


class Client:
    """As much of an exchange as a choice looks at."""

    client_ip = b"192.0.2.7"


CLIENT = cast("Exchange", Client())


def pool(size: int) -> list[Endpoint]:
    """Endpoints that have answered just now, half of them of a second tier."""
    table = SharedTable(4, WIDTH * size)
    table.use(2)
    nowhere: Any = None
    endpoints = [
        Endpoint(f"10.0.{n >> 8}.{n & 255}:8000", nowhere, 1, Cells(WIDTH, table, 1, WIDTH * n))
        for n in range(size)
    ]
    for number, each in enumerate(endpoints):
        each.usual = 0.010 + number % 7 / 1000
        each.counts[HEARD] = clock.milliseconds
        each.priority = number % 2
    return endpoints


def best(act: Callable[[], object], calls: int = CALLS, repeats: int = REPEATS) -> float:
    """Microseconds of one call."""
    return min(timeit.repeat(act, number=calls, repeat=repeats)) / calls * 1e6


def choice(balancer: Balancer) -> float:
    """Microseconds of one."""

    def choose() -> Endpoint:
        return next(balancer.candidates(CLIENT))

    return best(choose)


def placed(endpoints: list[Endpoint]) -> float:
    """Milliseconds to place all of them on a ring."""
    steps: Iterator[None] = Ring().placing(endpoints)
    return best(lambda: sum(1 for _ in steps), 1, 1) / 1000


def main() -> None:
    """Print the tables."""
    print(f"{machine.machine()}; {machine.interpreter(sys.executable)}\n")
    pools = {size: pool(size) for size in SIZES}
    heads = "".join(f"{f'of {size:,}':>12}" for size in SIZES)
    print(f"{'us a choice':32}{heads}")
    print(f"{'(an empty call)':32}{best(lambda: None):12.3f}")
    changes = {}
    for name, make in MAKE.items():
        row = []
        for size, endpoints in pools.items():
            balancer = make()
            balancer.use(endpoints, endpoints)
            row.append(choice(balancer))
            out = endpoints[1:]
            changes[name, size] = best(lambda: balancer.use(out, endpoints), 1, 5) / 1000  # noqa: B023
        print(f"{name:32}" + "".join(f"{each:12.2f}" for each in row))
    print(f"\n{'ms for one that goes':32}{heads}")
    for name in MAKE:
        print(f"{name:32}" + "".join(f"{changes[name, size]:12.2f}" for size in SIZES))
    row = [placed(endpoints) for endpoints in pools.values()]
    print(f"{'all on the ring, at the start':32}" + "".join(f"{each:12.1f}" for each in row))


if __name__ == "__main__":
    main()
