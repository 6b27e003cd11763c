"""Brakes: how many certificates may be got on demand, whatever clients ask for.

Authorities count them, and shut out whoever asks for too many for days.
"""

from collections import deque

from porch import clock

__all__ = ["BOUNDS", "Brakes"]

MINUTE, HOUR = 60.0, 3600.0
BOUNDS = (("", 10, MINUTE), ("", 100, HOUR), ("zone", 20, HOUR))
"""(of the door or of a zone, at most so many, in so many seconds)."""


class Brakes:
    """Of one door. A zone is the last two labels of a name."""

    def __init__(self) -> None:
        self._taken: deque[tuple[float, str]] = deque()

    def wait(self, name: str) -> tuple[float, str]:
        """Seconds until one more may be got for `name`, and which bound it is that stops it."""
        now, zone = clock.monotonic(), _zone(name)
        while self._taken and self._taken[0][0] <= now - HOUR:
            self._taken.popleft()
        longest, why = 0.0, ""
        for of, most, seconds in BOUNDS:
            times = [
                at
                for at, of_zone in self._taken
                if at > now - seconds and (not of or zone == of_zone)
            ]
            if len(times) >= most and times[-most] + seconds - now > longest:
                longest = times[-most] + seconds - now
                within = "a minute" if seconds == MINUTE else "an hour"
                why = f"{most} certificates {f'for {zone} ' if of else ''}within {within}"
        return longest, why

    def take(self, name: str) -> None:
        """One is about to be got."""
        self._taken.append((clock.monotonic(), _zone(name)))


def _zone(name: str) -> str:
    return ".".join(name.split(".")[-2:])
