"""What does each algorithm do to an endpoint that is slow?

    python bench/slow_endpoint.py                     prints it
    python bench/slow_endpoint.py --svg docs/balancing.svg

Three real backends, two that take 10 ms and one that takes 200 ms, and 32 clients on kept
connections that ask every 40 ms. The share of the slow one, and what clients wait.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from harness import machine
from harness.backends import Backend
from harness.barrage import barrage
from harness.door import door

ROOT = Path(__file__).resolve().parent.parent
ALGORITHMS = ("round-robin", "random", "hash path", "first", "least-requests", "least-time")
LEARN, SECONDS = 2.0, 8.0
"""Of the load before it counts, and while it does."""
CONFIG = """\
listen = ["127.0.0.1:{port}"]
workers = 2
log = false
balance = "{algorithm}"
[routes]
"*" = [{servers}]
"""


@dataclass(frozen=True, slots=True)
class Found:
    """share: of the requests, that the slow one got, in percent. In milliseconds the rest."""

    algorithm: str
    share: float
    middle: float
    p95: float


def measure(algorithm: str) -> Found:
    """One algorithm."""
    folder = Path(tempfile.mkdtemp(prefix="porch-slow-"))
    backends = [Backend(name, folder) for name in "abc"]
    for each, delay in zip(backends, (0.01, 0.2, 0.01), strict=True):
        each.start()
        each.tell(f"delay {delay}")
    servers = ", ".join(f'"127.0.0.1:{each.port}"' for each in backends)

    def config(port: int, log: Path) -> str:
        return CONFIG.format(port=port, algorithm=algorithm, servers=servers)

    try:
        with door(sys.executable, ROOT / "src", os.sched_getaffinity(0), config) as one:
            begun = time.monotonic() + LEARN
            asked = asyncio.run(barrage(one.port, LEARN + SECONDS))
        sent = [sum(when > begun for when, _, _ in each.requests()) for each in backends]
        waits = [each.seconds * 1000 for each in asked if each.at > begun]
        return Found(
            algorithm, 100 * sent[1] / sum(sent), median(waits), quantiles(waits, n=20)[-1]
        )
    finally:
        for each in backends:
            each.end()
        shutil.rmtree(folder, ignore_errors=True)


def svg(found: list[Found], when: str) -> str:
    """Bars: the share of the slow endpoint, and behind them what clients wait."""
    row, left, wide = 34, 150, 300
    height = row * len(found) + 66
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="760" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="760" height="{height}" fill="#fff"/>',
        '<text x="12" y="20">Share of an endpoint that takes 200 ms beside two that take 10 ms'
        "</text>",
    ]
    for number, each in enumerate(found):
        y = 36 + number * row
        bar = wide * each.share / 40
        lines += [
            f'<text x="12" y="{y + 16}">{each.algorithm}</text>',
            f'<rect x="{left}" y="{y}" width="{max(bar, 1):.0f}" height="22" fill="#c2703d"/>',
            f'<text x="{left + bar + 6:.0f}" y="{y + 16}">{each.share:.1f} %</text>',
            f'<text x="510" y="{y + 16}" fill="#444">clients wait {each.middle:.0f} ms, '
            f"p95 {each.p95:.0f} ms</text>",
        ]
    lines += [
        f'<text x="12" y="{height - 10}" fill="#777" font-size="11">{when}, 32 clients, two '
        "workers; bench/slow_endpoint.py</text>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--svg", help="write the picture into this file")
    options = parser.parse_args()
    print(f"{machine.date()}, Porch at {machine.commit(ROOT)}; {machine.machine()}")
    found = []
    for algorithm in ALGORITHMS:
        one = measure(algorithm)
        found.append(one)
        print(
            f"  {algorithm:15} {one.share:5.1f} % of the requests; clients wait "
            f"{one.middle:.0f} ms, p95 {one.p95:.0f} ms",
            flush=True,
        )
    if options.svg:
        Path(options.svg).write_text(svg(found, machine.date()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
