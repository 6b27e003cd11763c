"""What one measurement used of the two cores: the proxy, the load, and whoever came in between."""

from __future__ import annotations

import os
import time
from pathlib import Path

from harness.process import Process

__all__ = ["Meter"]

TICK = os.sysconf("SC_CLK_TCK")
# Columns of a core's line in /proc/stat (proc(5)).
IDLE, IOWAIT, STEAL = 4, 5, 8


class Meter:
    """Between `start()` and `stop()`: the proxy's CPU to the nanosecond, the cores' by the tick.

    busy: share of its core the proxy used. disturbed: share of that core used by other programs or
    taken by the hypervisor. load: share of the load's core that was used.
    """

    def __init__(self, process: Process, proxy_core: int, load_core: int) -> None:
        self.cpu_ns = 0
        self.seconds = 0.0
        self.busy = 0.0
        self.disturbed = 0.0
        self.load = 0.0
        self._process = process
        self._cores = proxy_core, load_core
        self._before = (0.0, 0, 0.0, 0.0)

    def start(self) -> None:
        """Begin."""
        self._before = self._now()

    def stop(self) -> None:
        """End; the attributes tell of the time since the start."""
        begin, cpu, proxy_core, load_core = self._before
        end, cpu_now, proxy_core_now, load_core_now = self._now()
        self.seconds = end - begin
        self.cpu_ns = cpu_now - cpu
        self.busy = self.cpu_ns / 1e9 / self.seconds
        self.disturbed = max(0.0, (proxy_core_now - proxy_core) / self.seconds - self.busy)
        self.load = (load_core_now - load_core) / self.seconds

    def _now(self) -> tuple[float, int, float, float]:
        proxy, load = (_used(core) for core in self._cores)
        return time.perf_counter(), self._process.cpu_ns(), proxy, load


def _used(core: int) -> float:
    """Seconds that a core was not free, since the machine's start."""
    for line in Path("/proc/stat").read_text().splitlines():
        words = line.split()
        if words[0] == f"cpu{core}":
            ticks = [int(word) for word in words[1 : STEAL + 1]]
            return (sum(ticks) - ticks[IDLE - 1] - ticks[IOWAIT - 1]) / TICK
    raise LookupError(f"/proc/stat has no core {core}")
