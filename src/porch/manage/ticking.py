"""Ticking: how often a worker looks at the clock, and at what has ended; seldom, where nothing is.

While somebody is connected or something waits for a time the clock is looked at each clock.TICK.
Where neither is, once a second: who comes then is told the time first. The log is looked at
every LOG_DELAY as long as requests come or run, else with the clock.
"""

import asyncio
from collections.abc import Callable

from porch import clock
from porch.listen.door import Door

__all__ = ["AT_REST", "LOG_DELAY", "Ticking"]

LOG_DELAY = 0.02
"""Seconds that an access log line may wait for company. Making the lines stops the loop for about
1.3 us each; where many end in that time some are made at a time (door.SOME)."""

AT_REST = 1.0
"""Seconds between two looks where nothing is: a processor that is woken less often sleeps deeper,
and the supervisor sees that the worker lives."""


class Ticking:
    """Of one worker. tick: looks at the clock, so many seconds late, and returns whether nothing
    waits for it. write: has the lines made and written. make: has the lines made."""

    def __init__(
        self,
        door: Door,
        tick: Callable[[float], bool],
        write: Callable[[], None],
        make: Callable[[], None],
    ) -> None:
        self._door = door
        self._tick = tick
        self._write = write
        self._make = make
        self._clock: asyncio.TimerHandle | None = None
        self._log: asyncio.TimerHandle | None = None
        self._seen = 0

    def __repr__(self) -> str:
        return f"<Ticking {'at rest' if self._door.rests else 'awake'}>"

    def start(self) -> None:
        """In the loop that runs."""
        self._loop = asyncio.get_running_loop()
        self._door.put_away = self._on_requests
        self._door.wake = self.wake
        self._door.look_at = 1
        self._due = clock.monotonic()
        self._on_tick()

    def close(self) -> None:
        """Look no more."""
        for timer in (self._clock, self._log):
            if timer is not None:
                timer.cancel()

    def wake(self) -> None:
        """Something comes to a worker at rest: it must know what time it is, and again soon."""
        if self._door.rests:
            self._door.rests = False
            clock.tick()
            self._wait(clock.TICK)

    def _wait(self, seconds: float) -> None:
        if self._clock is not None:
            self._clock.cancel()
        self._due = clock.monotonic() + seconds
        self._clock = self._loop.call_later(seconds, self._on_tick)

    def _on_tick(self) -> None:
        late = max(0.0, clock.monotonic() - self._due)
        self._wait(clock.TICK)  # whatever the look does
        door = self._door
        nothing_waits = self._tick(late)
        if self._log is None:
            self._write()
        door.rests = nothing_waits and not door.sessions and not door.running
        if door.rests:
            self._wait(AT_REST)

    def _on_requests(self) -> None:
        """The first request after a while, or SOME more: not within it."""
        if self._log is None:
            self._log = self._loop.call_later(LOG_DELAY, self._on_log)
        else:
            self._loop.call_soon(self._make)

    def _on_log(self) -> None:
        door = self._door
        if door.running or door.requests != self._seen:
            self._log = self._loop.call_later(LOG_DELAY, self._on_log)
        else:
            self._log = None
            door.look_at = door.requests + 1
        self._seen = door.requests
        self._write()
