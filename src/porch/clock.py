"""Time: what it is, what HTTP calls it, and who waits for it.

`now` is coarse (a tick old at most) and costs an attribute; `monotonic()` is exact. Nothing else
in Porch reads a clock, so that a test can turn this one by hand.
"""

import os
import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import Protocol

__all__ = [
    "INFINITY",
    "TICK",
    "Deadlines",
    "Waiting",
    "cpu",
    "date",
    "milliseconds",
    "monotonic",
    "now",
    "sleep",
    "tick",
    "uptime",
    "waited",
    "wall",
]

TICK = 0.25
"""Seconds between two looks at the deadlines: the coarseness of `now`."""

INFINITY = float("inf")

monotonic = time.monotonic
wall = time.time
sleep = time.sleep
cpu = time.thread_time
"""Seconds that this thread has run on a core."""

_BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def waited() -> float:
    """Seconds that this thread could have run and had no core, since others had all of them; 0.0
    where the system does not say (proc_pid_schedstat of Linux). About 10 us."""
    try:
        descriptor = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0.0
    try:
        return int(os.read(descriptor, 64).split()[1]) / 1e9
    finally:
        os.close(descriptor)


def uptime() -> float:
    """Seconds since the machine started, its sleep included (CLOCK_BOOTTIME)."""
    return time.clock_gettime(_BOOT)


now: float = time.monotonic()
"""Seconds, as `monotonic()` at the last tick."""

milliseconds: int = int(now * 1000)
"""The same in whole milliseconds, for memory that holds whole numbers only. All processes of a
machine have the same (clock_gettime(2), CLOCK_MONOTONIC)."""

date: bytes = formatdate(time.time(), usegmt=True).encode()
"""The present second as RFC 9110 5.6.7 writes it."""


def tick() -> None:
    """Bring `now`, `milliseconds` and `date` up to date."""
    global now, milliseconds, date
    now = monotonic()
    milliseconds = int(now * 1000)
    date = formatdate(wall(), usegmt=True).encode()


class Waiting(Protocol):
    """Something with a deadline: `deadline` is a time as `now`, INFINITY for none."""

    deadline: float

    def on_deadline(self) -> None:
        """The deadline has passed. Sets a later one, or ends."""


class Deadlines:
    """All that waits, looked over once a tick.

    No timer object for anything that waits: joining costs a set entry, moving a deadline one
    assignment. A look at 10,000 of them takes about 0.3 ms. `now` may be a TICK old when a deadline
    is set by it, and a timeout must never be shorter than somebody has written: a deadline fires
    when it lies a TICK back, which is two late at most.
    """

    __slots__ = ("_waiting", "discard", "watch")

    def __init__(self) -> None:
        self._waiting: set[Waiting] = set()
        self.watch = self._waiting.add
        self.discard = self._waiting.discard

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[Waiting]:
        return iter(self._waiting)

    def check(self) -> None:
        """Call everything whose deadline is sure to be over. What one raises is raised when all
        were called, and it is called no more: the others must not wait for ever behind it."""
        over = now - TICK
        late = [each for each in self._waiting if each.deadline < over]
        fault: Exception | None = None
        for each in late:
            # Another's end may have moved it or taken it off meanwhile.
            if each.deadline < over and each in self._waiting:
                try:
                    each.on_deadline()
                except Exception as error:
                    self._waiting.discard(each)
                    fault = error
        if fault is not None:
            raise fault
