"""Who should be first of those that wait for room in a pool: the oldest or the newest?

    python bench/queue_order.py

A pool that does 400 requests a second (4 at once, 10 ms each) gets 600 a second for some seconds,
from clients that give up after one second; and a burst of 300 at once, which is over in a moment.
Three doors, in turns: the oldest always first, the newest always first, and as Porch does it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import quantiles

from harness import machine
from harness.backends import Backend
from harness.door import door

ROOT = Path(__file__).resolve().parent.parent
ORDERS = {"oldest": "float('inf')", "newest": "-1.0", "as Porch does": "admission.BURST"}
GIVES_UP = 1.0
CONFIG = """\
listen = ["127.0.0.1:{port}"]
workers = 1
log = false
[routes]
"*" = {{ to = "127.0.0.1:{backend}", overload = {{ pool = 4, queue = 2000, wait = "5s" }} }}
"""
START = (
    "import sys; from porch.balance import admission; admission.BURST = {}; "
    "from porch.cli import main; sys.argv = ['porch', 'run', {!r}]; sys.exit(main())"
)


async def _ask(port: int, found: list[float]) -> None:
    begun = time.monotonic()
    try:
        async with asyncio.timeout(GIVES_UP):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with closing(writer):
                writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                if b" 200 " in await reader.read(200):
                    found.append(time.monotonic() - begun)
    except (OSError, TimeoutError):
        pass


async def _paced(port: int, rate: float, seconds: float) -> tuple[int, list[float]]:
    found: list[float] = []
    begun, count = time.monotonic(), 0
    async with asyncio.TaskGroup() as group:
        while (passed := time.monotonic() - begun) < seconds:
            while count < passed * rate:
                group.create_task(_ask(port, found))
                count += 1
            await asyncio.sleep(0.002)
    return count, found


async def _burst(port: int, size: int) -> tuple[int, list[float]]:
    found: list[float] = []
    await asyncio.gather(*(_ask(port, found) for _ in range(size)))
    return size, found


def _shown(count: int, found: list[float]) -> str:
    cuts = quantiles(found, n=100) if len(found) > 1 else [0.0] * 99
    return (
        f"{100 * len(found) / count:.0f} % answered within {GIVES_UP:g} s, "
        f"median {cuts[49] * 1000:.0f} ms, p99 {cuts[98] * 1000:.0f} ms"
    )


def measure(order: str) -> None:
    """One door through both."""
    folder = Path(tempfile.mkdtemp(prefix="porch-queue-"))
    backend = Backend("a", folder)
    backend.start()
    backend.tell("delay 0.01")

    def config(port: int, log: Path) -> str:
        return CONFIG.format(port=port, backend=backend.port)

    def words(file: Path) -> list[str]:
        return ["-c", START.format(ORDERS[order], str(file))]

    cores = os.sched_getaffinity(0)
    try:
        with door(sys.executable, ROOT / "src", cores, config, words) as one:
            over = asyncio.run(_paced(one.port, 600, 6))
            time.sleep(6)
            burst = asyncio.run(_burst(one.port, 300))
        print(f"  {order:14} overload: {_shown(*over)}\n{'':16} burst:    {_shown(*burst)}")
    finally:
        backend.end()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    print(f"{machine.date()}, Porch at {machine.commit(ROOT)}; {machine.machine()}")
    for _ in range(2):
        for order in ORDERS:
            measure(order)
    return 0


if __name__ == "__main__":
    sys.exit(main())
