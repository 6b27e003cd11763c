"""What becomes of those who are important while a worker has three times as much to do as it can?

    python bench/busy.py
    python bench/busy.py --lag 10ms --cost 0.5 --seconds 10 --json samples.json

One worker on one core, the clients on another. Each request costs it a millisecond: a function that
says who a client is calculates for so long. First as many as it can do are asked for, by clients
that wait for their answers; then half of that, 0.8 of it and three times as many, by strangers who
do not wait, half of them of little importance and a tenth of great, with `busy` and without.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness import machine
from harness.door import door
from harness.load import without_collector
from harness.open_loop import Crowd, Kind, closed, crowds, open_loop

ROOT = Path(__file__).resolve().parent.parent
KINDS = (
    Kind(host="low.test", share=0.5, connections=600),
    Kind(host="normal.test", share=0.4, connections=600),
    Kind(host="high.test", share=0.1, connections=200),
)
LOADS = (0.5, 0.8, 3.0)
WAITING = 32  # clients at once that find out what it can
WARM = 2.0
CONFIG = """\
listen = ["127.0.0.1:{port}"]
workers = 1
log = false
busy = {busy}
auth = "py:calculating:calculate"
[routes]
"low.test" = {{ to = "respond:200", importance = "low" }}
"normal.test" = "respond:200"
"high.test" = {{ to = "respond:200", importance = "high" }}
"""
CALCULATING = """\
import time

def calculate(exchange):
    until = time.thread_time() + {seconds}
    while time.thread_time() < until:
        pass
    return "somebody"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """Of the command line. cost: milliseconds of a request. core: the door's."""

    lag: str
    cost: float
    seconds: float
    core: int


@contextmanager
def started(busy: str, words: Words) -> Iterator[list[Crowd]]:
    """A door, and all who come."""

    def config(port: int, log: Path) -> str:
        calculating = CALCULATING.format(seconds=words.cost / 1000)
        (log.parent / "calculating.py").write_text(calculating)
        return CONFIG.format(port=port, busy=busy)

    with (
        door(sys.executable, ROOT / "src", {words.core}, config) as running,
        crowds(running.port, KINDS) as made,
        without_collector(),
    ):
        yield made


def measure(busy: str, peak: float, words: Words, loads: Sequence[float]) -> dict[str, object]:
    """What becomes of each kind at each load."""
    found: dict[str, object] = {}
    with started(busy, words) as made:
        for times in loads:
            open_loop(made, peak * times, warm=WARM, seconds=words.seconds)
            rows = {each.kind.host: _row(each, words.seconds) for each in made}
            found[f"{times:g}"] = rows
            served = sum(row["served"] for row in rows.values())
            print(f"  busy = {busy}, {times:g} times as many: {served:.0f}, {served / peak:.0%}")
            for host, row in rows.items():
                print(f"    {host:12} {_shown(row)}", flush=True)
    return found


def _row(crowd: Crowd, seconds: float) -> dict[str, float]:
    statuses = crowd.statuses()
    return {
        "offered": crowd.offered / seconds,
        "served": statuses[200] / seconds,
        "refused": statuses[503] / seconds,
        "unsent": crowd.unsent / seconds,
        "lost": crowd.lost / seconds,
        "p50": crowd.percentile(200, 0.5) * 1000,
        "p99": crowd.percentile(200, 0.99) * 1000,
    }


def _shown(row: dict[str, float]) -> str:
    counts = (f"{row[word]:.0f} {word}" for word in ("offered", "served", "refused"))
    waits = f"p50 {row['p50']:.1f} ms, p99 {row['p99']:.1f} ms"
    left = (f", {row[word]:.0f} {word}" for word in ("unsent", "lost") if row[word])
    return f"{', '.join(counts)} a second; {waits}{''.join(left)}"


def main() -> int:
    """Measure both and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lag", default="20ms")
    parser.add_argument("--cost", type=float, default=1.0, help="milliseconds of a request")
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--without", action="store_true", help="a door without busy as well")
    said = parser.parse_args()
    core, load = machine.cores()
    os.sched_setaffinity(0, {load})
    words = Words(lag=said.lag, cost=said.cost, seconds=said.seconds, core=core)
    print(f"{machine.date()}, Porch at {machine.commit(ROOT)}; {machine.machine()}")
    with started("false", words) as made:
        peak = closed(made[1], WAITING, warm=1.0, seconds=words.seconds)
    print(f"  {peak:.0f} a second are the most")
    found = {"peak": peak, "with": measure(f'"{words.lag}"', peak, words, LOADS)}
    if said.without:
        found["without"] = measure("false", peak, words, LOADS[-1:])
    if said.json is not None:
        said.json.write_text(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
