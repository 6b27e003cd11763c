"""Reclaiming: gives back the names of counts (observe/series.py) that nobody counts under any more.

Routes go by reloads, endpoints by them and by what is found for pools; a name takes room until it
is given back. That is done where half of the room is taken, for what has been gone for a minute:
boards and alerts have seen its last counts, and what still ran on it has most likely ended.
"""

from collections.abc import Callable

from porch import clock
from porch.balance.standing import NOT_COPIED
from porch.manage.candidate import Candidate
from porch.observe.meter import AT_DOOR, ERRORS, REQUESTS
from porch.observe.series import GONE, REST, Name, SeriesTable

__all__ = ["EVERY", "Reclaiming", "alive"]

EVERY = 60.0
"""Seconds between two looks, and for which a name must have been gone."""
OWN = frozenset(("-", "no-site", "no-route", REST))
"""Routes that are in no configuration."""

IsAlive = Callable[[Name], bool]


class Reclaiming:
    """series: of all workers. alive: what counts now, asked at each look."""

    def __init__(self, series: SeriesTable, alive: Callable[[], IsAlive]) -> None:
        self._series = series
        self._alive = alive
        self._gone: set[Name] = set()
        self._next = clock.monotonic() + EVERY

    def __repr__(self) -> str:
        return f"<Reclaiming {len(self._gone)} names>"

    def look(self) -> None:
        """Called every second. With all the names that there may be it takes 10 ms."""
        now = clock.monotonic()
        if now < self._next:
            return
        self._next = now + EVERY
        before, self._gone = self._gone, set()
        if not self._series.is_crowded:
            return
        is_alive = self._alive()
        self._gone = {name for name in self._series.names if not is_alive(name)}
        places = {name: _place(name, is_alive) for name in self._gone & before}
        if places:
            self._series.give_back(places)


def _place(name: Name, is_alive: IsAlive) -> Name | None:
    """Where the counts of one go: the times of a route are those of all that it ever asked."""
    place = (*name[:-1], GONE)
    return place if name[0] == REQUESTS and is_alive(place) else None


def alive(candidate: Candidate, found: list[tuple[str, str]]) -> IsAlive:
    """What tells a name that counts. candidate: what is in force. found: endpoints beside its."""
    known = [*candidate.endpoints, *found]
    mirrors = (pool for pool, address in known if address == NOT_COPIED)
    routes = OWN.union(candidate.keys, mirrors)
    endpoints = {address for _, address in known} | {AT_DOOR, REST, GONE}

    def is_alive(name: Name) -> bool:
        if name[0] == REQUESTS:
            return name[1] in routes and name[2] in endpoints
        return name[0] != ERRORS or name[1] in routes

    return is_alive
