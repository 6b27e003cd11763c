"""What one measurement used of the two cores: the proxy, the load, and whoever came in between."""

from __future__ import annotations

import time
from pathlib import Path

from harness.process import TICK, Process, cpu_seconds

__all__ = ["Meter"]

# Columns of a core's line in /proc/stat (proc(5)).
IDLE, IOWAIT, STEAL = 4, 5, 8


class Meter:
    """Between `start()` and `stop()`: the proxy's CPU to the nanosecond, the cores' by the tick.

    busy: share of its core the proxy used. load: share of the other core that we used, being client
    and origin. disturbed: share of either core, the worse of the two, that other programs used or
    the hypervisor took.
    helpers: the pids of programs that are part of the load; they are ours too.
    """

    def __init__(self, process: Process, proxy_core: int, load_core: int) -> None:
        self.cpu_ns = 0
        self.seconds = 0.0
        self.busy = 0.0
        self.load = 0.0
        self.disturbed = 0.0
        self.helpers: tuple[int, ...] = ()
        self._process = process
        self._cores = proxy_core, load_core
        self._before = self._now()

    def start(self) -> None:
        """Begin."""
        self._before = self._now()

    def stop(self) -> None:
        """End; the attributes tell of the time since the start."""
        now = self._now()
        clock, cpu_ns, own, proxy_core, load_core = (
            after - before for after, before in zip(now, self._before, strict=True)
        )
        self.seconds = clock
        self.cpu_ns = int(cpu_ns)
        self.busy = cpu_ns / 1e9 / clock
        self.load = own / clock
        self.disturbed = max(0.0, proxy_core / clock - self.busy, load_core / clock - self.load)

    def _now(self) -> tuple[float, ...]:
        proxy_core, load_core = self._cores
        return (
            time.perf_counter(),
            self._process.cpu_ns(),
            time.process_time() + sum(cpu_seconds(pid) for pid in self.helpers),
            _used(proxy_core),
            _used(load_core),
        )


def _used(core: int) -> float:
    """Seconds that a core was not free, since the machine's start."""
    for line in Path("/proc/stat").read_text().splitlines():
        words = line.split()
        if words[0] == f"cpu{core}":
            ticks = [int(word) for word in words[1 : STEAL + 1]]
            return (sum(ticks) - ticks[IDLE - 1] - ticks[IOWAIT - 1]) / TICK
    raise LookupError(f"/proc/stat has no core {core}")
