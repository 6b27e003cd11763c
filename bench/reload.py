"""What does a reload of 10,000 routes take, and what do requests see of it?

    python bench/reload.py                       five rounds, about a minute
    python bench/reload.py --routes 100

The door is on one core with its one worker and its supervisor; load and origin are on the other.
The load keeps the worker's core half busy. In each round requests are timed for some seconds
without a reload and then through one; a reload is over when it is in force. CPU is counted for the
supervisor and the worker apart.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from threading import Thread

from harness import machine
from harness.door import Door, door
from harness.load import paced
from harness.meter import Meter
from harness.origin import Origin

from porch.manage.control.client import ask

ROOT = Path(__file__).resolve().parent.parent
CALM = 3.0
"""Seconds of each round without a reload."""
LEAD = 0.5
"""Seconds of the same load before the reload is asked for."""
LONGEST = 30.0
"""Seconds in which a reload must be in force."""

HEAD = """\
listen = ["127.0.0.1:{port}"]
workers = 1
log = {{ to = "file:{log}", format = "json" }}

[routes]
"*" = "127.0.0.1:{origin}"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """p50, p99, most: ms, (without, during). seconds: until in force. supervisor, worker: CPU
    seconds of that time, the worker's with the requests in it. idle: what the worker uses for as
    many requests without a reload."""

    p50: tuple[float, float]
    p99: tuple[float, float]
    most: tuple[float, float]
    seconds: float
    supervisor: float
    worker: float
    idle: float

    @property
    def ratio(self) -> float:
        """Of the p99."""
        return self.p99[1] / self.p99[0]


def main() -> int:
    options = _options()
    proxy_core, load_core = machine.cores()
    os.sched_setaffinity(0, {load_core})
    origin = Origin()
    with (
        closing(origin),
        door(
            options.python, options.source, {proxy_core}, partial(_config, options, origin, 0)
        ) as one,
    ):
        os.environ["XDG_RUNTIME_DIR"] = str(one.file.parent)  # where its control socket is
        time.sleep(1)
        rate = _half(one, origin, proxy_core, load_core)
        print(f"{machine.date()}, Porch at {machine.commit(ROOT)}; {machine.machine()}")
        print(machine.interpreter(options.python))
        print(f"{options.routes} routes, {rate:.0f} requests a second keep its core half busy")
        rounds = []
        for number in range(options.rounds):
            log = one.file.with_name("access.log")
            one.file.write_text(_config(options, origin, number + 1, one.port, log))
            found = _round(one, origin, rate)
            print(_row(str(number + 1), found), flush=True)
            rounds.append(found)
    ratio = median(each.ratio for each in rounds)
    print(
        f"medians: in force after {median(each.seconds for each in rounds):.2f} s; "
        f"p99 {median(each.p99[0] for each in rounds):.2f} ms without, "
        f"{median(each.p99[1] for each in rounds):.2f} ms during: {ratio:.2f} x"
    )
    return 0


def _row(name: str, found: Round) -> str:
    def pair(word: str, values: tuple[float, float]) -> str:
        return f"{word} {values[0]:6.2f} > {values[1]:6.2f}"

    return (
        f"  {name}: in force {found.seconds:5.2f} s  {pair('p50', found.p50)}  "
        f"{pair('p99', found.p99)} ({found.ratio:4.2f} x)  {pair('most', found.most)} ms  "
        f"CPU supervisor {found.supervisor:4.2f}, worker {found.worker:4.2f} s "
        f"({found.idle:4.2f} without)"
    )


def _round(one: Door, origin: Origin, rate: float) -> Round:
    supervisor, worker = sorted(one.process.pids())
    marks: list[tuple[float, float, float]] = []  # when, and the CPU of both until then

    def mark() -> None:
        marks.append((time.perf_counter(), _cpu(supervisor), _cpu(worker)))

    def reload() -> None:
        time.sleep(LEAD)
        mark()
        time.sleep(CALM)
        mark()
        answer = ask(one.file, "reload")
        mark()
        assert "error" not in answer, answer

    thread = Thread(target=reload)
    thread.start()
    load = paced(
        one.port,
        origin=origin,
        rate=rate,
        connections=64,
        seconds=LEAD + CALM + LONGEST,
        enough=lambda: not thread.is_alive(),
    )
    thread.join()
    calm, begin, end = marks
    without, during = load.between(calm[0], begin[0]), load.between(begin[0], end[0])
    seconds = end[0] - begin[0]

    def both(share: float) -> tuple[float, float]:
        return without.percentile(share) * 1000, during.percentile(share) * 1000

    return Round(
        p50=both(0.5),
        p99=both(0.99),
        most=both(1),
        seconds=seconds,
        supervisor=end[1] - begin[1],
        worker=end[2] - begin[2],
        idle=(begin[2] - calm[2]) / (begin[0] - calm[0]) * seconds,
    )


def _half(one: Door, origin: Origin, proxy_core: int, load_core: int) -> float:
    """Requests a second that keep the proxy's core busy for half of the time.

    Found by trying: one that comes alone costs more than one of a full loop.
    """
    rate = 5000.0
    for _ in range(3):
        meter = Meter(one.process, proxy_core, load_core)
        meter.start()
        paced(one.port, origin=origin, rate=rate, connections=64, seconds=1)
        meter.stop()
        rate *= 0.5 / meter.busy
    return rate


def _config(options: argparse.Namespace, origin: Origin, number: int, port: int, log: Path) -> str:
    """The configuration; `number` is in one route, so that each is another."""
    routes = [
        f'"host{each}.test/p{number if each == 0 else 0}/*" = "127.0.0.1:{origin.port}"\n'
        for each in range(options.routes - 1)
    ]
    return HEAD.format(port=port, log=log, origin=origin.port) + "".join(routes)


def _cpu(pid: int) -> float:
    """Seconds on a CPU so far."""
    return (
        sum(
            int((task / "schedstat").read_bytes().split()[0])
            for task in Path(f"/proc/{pid}/task").iterdir()
        )
        / 1e9
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--routes", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=sys.executable, help="the interpreter of Porch")
    parser.add_argument("--source", type=Path, default=ROOT / "src", help="the folder porch is in")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
