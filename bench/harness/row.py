"""What a row of the table is, and what a measurement of it gives."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.load import Closed, idle_connections
from harness.meter import Meter
from harness.running import Running

__all__ = [
    "BASELINE",
    "IDLE",
    "IDLE_BEFORE",
    "IDLE_TLS",
    "Behind",
    "Row",
    "Sample",
    "Settings",
    "cost",
    "idle",
]

IDLE = 10_000
IDLE_BEFORE = 500
IDLE_TLS = 2_500  # more, and the first were closed before the last had its handshake
BASELINE = "nginx"


class Behind(Exception):
    """The pace could not be kept, so that the latencies are those of a queue."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How long one measurement lasts, on which cores, and how many idle connections can be held.

    folder: for the files that a load reads.
    """

    proxy_core: int
    load_core: int
    warm: float
    seconds: float
    folder: Path
    idle: int = IDLE


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """What one measurement gave.

    value: in the row's unit. tail: the 99th percentile, where the row has one.
    rate: exchanges a second. busy: share of its core the proxy used, 0 to 1; load: of the other
    core the load and the origin; disturbed: of either core anybody else, the hypervisor included.
    """

    value: float
    tail: float | None = None
    rate: float | None = None
    busy: float | None = None
    disturbed: float | None = None
    load: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A question.

    fresh: it needs a proxy that did nothing before; one measurement of it is enough.
    only: the proxies it is asked of, or None for all.
    compared: whether a ratio to the baseline says anything; not of differences near 0.
    """

    key: str
    title: str
    unit: str
    measure: Callable[[Running, Settings], Sample]
    fresh: bool = False
    only: frozenset[str] | None = None
    compared: bool = True

    def asks(self, peer: str) -> bool:
        """Whether the row is about this proxy."""
        return self.only is None or peer in self.only


def cost(meter: Meter, load: Closed) -> Sample:
    """CPU µs of the proxy an exchange."""
    return Sample(
        value=meter.cpu_ns / load.exchanges / 1000,
        rate=load.exchanges / load.seconds,
        busy=meter.busy,
        disturbed=meter.disturbed,
        load=meter.load,
    )


def idle(
    running: Running,
    settings: Settings,
    *,
    exchange: Callable[[socket.socket], None],
    tls: bool = True,
) -> Sample:
    """KiB of the proxy's memory a connection that had one exchange and is kept."""
    with running.origin.in_background():
        port, count = running.port, settings.idle
        if tls:
            port, count = running.tls_port, min(count, IDLE_TLS)
        # Those before are held too: what is allocated once is there then, and nothing is free.
        with idle_connections(port, IDLE_BEFORE, exchange):
            time.sleep(0.5)
            before = running.process.memory_kib()
            with idle_connections(port, count, exchange):
                time.sleep(1)
                held = running.process.memory_kib() - before
    return Sample(value=held / count)
