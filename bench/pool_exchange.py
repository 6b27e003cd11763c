"""What does choosing an endpoint add to a plain exchange, in the process alone?

    python bench/pool_exchange.py                two thousand rounds, about two minutes

The exchange is that of tests/budget: what `porch run` builds, with transports in memory, so that
the kernel, whose time scatters by more than what is sought, has no part in it. One process, a kept
connection on each side, one endpoint and two by each algorithm in turns of a hundred exchanges,
counts in memory that two workers share. CPU of the process an exchange: the difference of the
medians of all turns, and of their lower quartiles, which a busy machine moves less. "One endpoint,
again" shows how far the numbers can be trusted.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from statistics import quantiles
from typing import Any

from harness import machine

from porch import clock
from porch.balance.endpoint import WIDTH
from porch.config.state import State
from porch.route.route import HEARD
from porch.shared import Cells, SharedTable

ROOT = Path(__file__).resolve().parent.parent
TURN = 100
WARM = 500
POOLS = {
    "one endpoint": (1, "least-requests"),
    "one endpoint, again": (1, "least-requests"),
    "first": (2, "first"),
    "round-robin": (2, "round-robin"),
    "least-requests": (2, "least-requests"),
    "least-time": (2, "least-time"),
    "hash path": (2, "hash path"),
}
TABLE = SharedTable(4, WIDTH * 2 * len(POOLS))
CELLS = count(0, WIDTH)


def main() -> int:
    options = _options()
    sys.path.insert(0, str(ROOT))
    budget = importlib.import_module("tests.budget.test_plain_exchange")
    network = importlib.import_module("tests.support.network")
    patch = importlib.import_module("pytest").MonkeyPatch()
    loop = network.FakeLoop(network.FakeClock(patch))
    moments = map(
        (0.00001).__mul__, count(10**8)
    )  # answers take some time, and no connection idles
    patch.setattr(clock, "monotonic", lambda: next(moments))
    clock.tick()
    TABLE.use(2)
    patch.setattr(budget, "State", _shared)
    turns = {}
    for name, (size, algorithm) in POOLS.items():
        to = [f"127.0.0.{number + 1}:9" for number in range(size)]
        plain = budget.Plain(loop, {"example.com": {"to": to, "balance": algorithm}})
        turns[name] = _turn(plain, budget.GET, budget.OK)
    gc.collect()
    gc.freeze()
    gc.disable()
    found: dict[str, list[float]] = {name: [] for name in POOLS}
    for number in range(options.rounds):
        names = [*POOLS]
        for name in names[number % len(names) :] + names[: number % len(names)]:
            found[name].append(turns[name](TURN))
    print(f"{machine.date()}, Porch at {machine.commit(ROOT)}; {machine.machine()}")
    print(machine.interpreter(sys.executable))
    low, middle, _ = quantiles(found["one endpoint"])
    for name, each in found.items():
        quarter, half, _ = quantiles(each)
        print(f"  {name:20} {half:6.2f} us, {half - middle:+.2f}; {quarter - low:+.2f}")
    return 0


def _shared(make_pool: Any) -> State:
    return State(make_pool, lambda _: Cells(WIDTH, TABLE, 1, next(CELLS)))


def _turn(plain: Any, get: bytes, answer: bytes) -> Callable[[int], float]:
    """So many exchanges: microseconds of CPU for each. The same work whatever the pool is."""
    origins = plain.origins
    for _ in range(WARM):
        plain.exchange()
    one, two = (*origins, plain._transport())[:2]  # only one of them has a connection of `first`
    feed, run = plain.client.feed, plain.loop.run

    def exchange() -> None:
        one.arrived.clear()
        two.arrived.clear()
        plain.client.arrived.clear()
        run(lambda: feed(get))
        run(lambda: (one if one.arrived else two).feed(answer))

    def turn(exchanges: int) -> float:
        clock.tick()
        for each in plain.endpoints:
            each.counts[HEARD] = clock.milliseconds
        began = time.process_time_ns()
        for _ in range(exchanges):
            exchange()
        return (time.process_time_ns() - began) / exchanges / 1000

    return turn


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2000)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
