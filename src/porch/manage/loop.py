"""Loop: what the supervisor waits for: descriptors, signals, and times.

`selectors` and nothing more. An asyncio loop would not survive a fork, nor hand its process over to
an exec; this one is three tables, and `close` leaves nothing behind in a child.
"""

import heapq
import itertools
import os
import selectors
import signal
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from porch import clock

__all__ = ["HasDescriptor", "Loop", "Timer"]

LONGEST_WAIT = 60.0


class HasDescriptor(Protocol):
    """A socket, a pipe."""

    def fileno(self) -> int:
        """Its number."""


class Timer:
    """Something to be done once. cancel: not any more."""

    __slots__ = ("work",)

    def __init__(self, work: Callable[[], None]) -> None:
        self.work: Callable[[], None] | None = work

    def cancel(self) -> None:
        """Never do it."""
        self.work = None


class Loop:
    """Calls what was asked for when it is due, one after the other, in one thread.

    is_stopped: `stop` was called and `run` has not ended yet. on_fault: told of what one of them
    raised, so that it ends neither the loop nor the door; None lets it out.
    """

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Timer]] = []
        self._number = itertools.count()
        self._signals: dict[int, Callable[[], None]] = {}
        self._before: dict[int, Any] = {}
        self._long: deque[Callable[[], None]] = deque()
        self.is_stopped = False
        self.on_fault: Callable[[Exception], None] | None = None
        self._ear, self._mouth = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._mouth, warn_on_full_buffer=False)
        self._selector.register(self._ear, selectors.EVENT_READ, self._on_signals)

    def on_signal(self, number: int, work: Callable[[], None]) -> None:
        """Call `work` between two events when the signal came; several may be one call."""
        self._signals[number] = work
        self._before.setdefault(number, signal.signal(number, _heard))

    def on_readable(self, source: HasDescriptor, work: Callable[[], None]) -> None:
        """Call `work` whenever there is something to read."""
        self._selector.register(source.fileno(), selectors.EVENT_READ, work)

    def on_writable(self, source: HasDescriptor, work: Callable[[], None] | None) -> None:
        """Call `work` instead when it may be written to; None: wait for what is to be read again.

        The source must be registered; reading is not listened for meanwhile unless `work` reads.
        """
        key = self._selector.get_key(source.fileno())
        read, _ = key.data if isinstance(key.data, tuple) else (key.data, None)
        if work is None:
            self._selector.modify(key.fd, selectors.EVENT_READ, read)
        else:
            events = selectors.EVENT_READ | selectors.EVENT_WRITE
            self._selector.modify(key.fd, events, (read, work))

    def forget(self, source: HasDescriptor) -> None:
        """Listen to it no more. To be called before it is closed."""
        self._selector.unregister(source.fileno())

    def after(self, seconds: float, work: Callable[[], None]) -> Timer:
        """Call `work` once, in so many seconds."""
        timer = Timer(work)
        heapq.heappush(self._timers, (clock.monotonic() + seconds, next(self._number), timer))
        return timer

    def run(self) -> None:
        """Until `stop`; not at all if that came first."""
        while not self.is_stopped:
            self._turn(self._wait())
            while self._long and not self.is_stopped:
                self.call(self._long.popleft())
        self.is_stopped = False

    def soon(self, work: Callable[[], None]) -> None:
        """Call `work` once, between two turns. It may take long if it calls `turns` meanwhile."""
        self._long.append(work)

    def turns(self, seconds: float) -> None:
        """Do what is due from within such work: one turn at least, and for so many seconds."""
        until = clock.monotonic() + seconds
        self._turn(0.0)
        while not self.is_stopped and (left := until - clock.monotonic()) > 0:
            self._turn(min(left, self._wait()))

    def call(self, work: Callable[[], None]) -> None:
        """Call `work` now; `on_fault` is told of what it raises, and what comes next goes on."""
        try:
            work()
        except Exception as error:
            if self.on_fault is None:
                raise
            self.on_fault(error)

    def stop(self) -> None:
        """Leave `run` behind what is done now, or do not begin it."""
        self.is_stopped = True

    def close(self) -> None:
        """Let go of everything; signals do again what they did before. In a forked child the
        parent's tables are not touched."""
        signal.set_wakeup_fd(-1)
        for number, before in self._before.items():
            signal.signal(number, before)
        self._selector.close()
        os.close(self._ear)
        os.close(self._mouth)

    def _turn(self, wait: float) -> None:
        for key, events in self._selector.select(wait):
            if key.fd not in self._selector.get_map():
                continue  # what was done before has forgotten it
            read, write = key.data if isinstance(key.data, tuple) else (key.data, None)
            if write is not None and events & selectors.EVENT_WRITE:
                self.call(write)
            if events & selectors.EVENT_READ and key.fd in self._selector.get_map():
                self.call(read)
        self._run_timers()

    def _wait(self) -> float:
        if self._long:
            return 0.0
        if not self._timers:
            return LONGEST_WAIT
        return min(max(0.0, self._timers[0][0] - clock.monotonic()), LONGEST_WAIT)

    def _run_timers(self) -> None:
        now = clock.monotonic()
        while self._timers and self._timers[0][0] <= now:
            _, _, timer = heapq.heappop(self._timers)
            if timer.work is not None:
                self.call(timer.work)

    def _on_signals(self) -> None:
        try:
            numbers = os.read(self._ear, 4096)
        except BlockingIOError:
            return
        for number in dict.fromkeys(numbers):
            work = self._signals.get(number)
            if work is not None:
                self.call(work)


def _heard(number: int, frame: object) -> None:
    """The interpreter writes the number into the pipe by itself; it does so only with a handler."""
