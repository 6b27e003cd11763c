"""What does choosing an endpoint add to a plain exchange?

    python bench/pool_cost.py                    nine rounds, about a minute and a half

Doors of one worker that differ in their pool alone, in turns: one endpoint, and two endpoints (two
names of the same origin) by each algorithm. CPU of the door an exchange, kernel
included, in a closed loop of 64 clients; medians, and the median of the differences to one endpoint
in the same round.
"""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median

from harness import machine, messages
from harness.clients import KeepAlive
from harness.door import Door, door
from harness.load import closed_loop
from harness.meter import Meter
from harness.origin import Origin

ROOT = Path(__file__).resolve().parent.parent
CLIENTS = 64
POOLS = {
    "one endpoint": (1, "least-requests"),
    "round-robin": (2, "round-robin"),
    "least-requests": (2, "least-requests"),
    "least-time": (2, "least-time"),
    "hash path": (2, "hash path"),
}
CONFIG = """\
listen = ["127.0.0.1:{port}"]
workers = 1
log = {{ to = "file:{log}", format = "json" }}
balance = "{algorithm}"

[routes]
"*" = [{servers}]
"""


def main() -> int:
    options = _options()
    proxy_core, load_core = pair = machine.cores()
    print(f"{machine.date()}, Porch at {machine.commit(ROOT)}; {machine.machine()}")
    print(machine.interpreter(options.python))
    os.sched_setaffinity(0, {load_core})
    with ExitStack() as stack:
        origin = Origin()
        stack.callback(origin.close)
        doors = {
            name: stack.enter_context(
                door(options.python, ROOT / "src", {proxy_core}, partial(_config, *pool, origin))
            )
            for name, pool in POOLS.items()
        }
        rounds = []
        for number in range(options.rounds):
            names = [*POOLS]
            names = names[number % len(names) :] + names[: number % len(names)]
            rounds.append(
                {name: _measure(doors[name], origin, options.seconds, pair) for name in names}
            )
    for name in POOLS:
        cost = median(each[name] for each in rounds)
        more = median(each[name] - each["one endpoint"] for each in rounds)
        print(f"  {name:20} {cost:.1f} us an exchange, {more:+.2f}")
    return 0


def _config(count: int, algorithm: str, origin: Origin, port: int, log: Path) -> str:
    hosts = ("127.0.0.1", "localhost")[:count]
    servers = ", ".join(f'"{host}:{origin.port}"' for host in hosts)
    return CONFIG.format(port=port, log=log, algorithm=algorithm, servers=servers)


def _measure(one: Door, origin: Origin, seconds: float, cores: tuple[int, int]) -> float:
    meter = Meter(one.process, *cores)
    load = closed_loop(
        lambda _, epoll, __: KeepAlive(one.port, epoll, messages.plain(b"/small")),
        CLIENTS,
        origin=origin,
        warm=0.5,
        seconds=seconds,
        meter=meter,
    )
    return meter.cpu_ns / load.exchanges / 1000


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--python", default=sys.executable, help="the interpreter of the doors")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
