"""What do two workers cost beside one, and what do they carry?

    python bench/workers.py                      nine rounds, about a minute

Two doors of one configuration, one with one worker and one with two, in turns: CPU of the door an
exchange, all its processes, kernel included, and exchanges a second, in a closed loop of 64
clients. First with the door on one core and the load on another, so that the workers differ in
nothing but their number; then with all of them on all cores, where on two cores the load needs
half of what the second worker wants.
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
COUNTS = (1, 2)

CONFIG = """\
listen = ["127.0.0.1:{port}"]
workers = {workers}
log = {{ to = "file:{log}", format = "json" }}

[routes]
"*" = "127.0.0.1:{origin}"
"""


def main() -> int:
    options = _options()
    proxy_core, load_core = pair = machine.cores()
    everything = os.sched_getaffinity(0)
    print(f"{machine.date()}, Porch at {machine.commit(ROOT)}; {machine.machine()}")
    print(machine.interpreter(options.python))
    for title, cores, load in (
        ("the door on one core, the load on another", {proxy_core}, {load_core}),
        ("all on all cores", everything, everything),
    ):
        os.sched_setaffinity(0, load)
        with ExitStack() as stack:
            origin = Origin()
            stack.callback(origin.close)
            doors = {
                count: stack.enter_context(
                    door(options.python, options.source, cores, partial(_config, count, origin))
                )
                for count in COUNTS
            }
            rounds = [
                {
                    count: _measure(doors[count], origin, options.seconds, pair)
                    for count in _turned(number)
                }
                for number in range(options.rounds)
            ]
        _report(title, rounds)
    return 0


def _config(workers: int, origin: Origin, port: int, log: Path) -> str:
    return CONFIG.format(port=port, workers=workers, log=log, origin=origin.port)


def _report(title: str, rounds: list[dict[int, tuple[float, float]]]) -> None:
    print(f"{title}, medians of {len(rounds)}:")
    for count in COUNTS:
        cost = median(each[count][0] for each in rounds)
        rate = median(each[count][1] for each in rounds)
        print(f"  {count} workers: {cost:.1f} us, {rate:.0f} a second")
    cost = median(each[2][0] / each[1][0] for each in rounds)
    rate = median(each[2][1] / each[1][1] for each in rounds)
    print(f"  two to one in the same round: {cost:.3f} x the CPU, {rate:.2f} x the rate")


def _turned(number: int) -> tuple[int, ...]:
    """Every round begins with another one."""
    return COUNTS if number % 2 else COUNTS[::-1]


def _measure(
    one: Door, origin: Origin, seconds: float, cores: tuple[int, int]
) -> tuple[float, float]:
    """CPU us an exchange, exchanges a second."""
    meter = Meter(one.process, *cores)
    load = closed_loop(
        lambda _, epoll, __: KeepAlive(one.port, epoll, messages.plain(b"/small")),
        CLIENTS,
        origin=origin,
        warm=0.3,
        seconds=seconds,
        meter=meter,
    )
    return meter.cpu_ns / load.exchanges / 1000, load.exchanges / load.seconds


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.5, help="of a measurement")
    parser.add_argument("--python", default=sys.executable, help="the interpreter of Porch")
    parser.add_argument("--source", type=Path, default=ROOT / "src", help="the folder porch is in")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
