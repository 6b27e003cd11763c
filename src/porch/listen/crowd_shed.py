"""Making room: where a door is full, those that do nothing go first."""

from collections import Counter
from collections.abc import Callable
from heapq import nsmallest
from typing import Protocol

from porch import clock
from porch.listen.door_session import Session

__all__ = ["AT_ONCE", "SHED", "YOUNG", "MakesRoom", "Shedding"]

SHED = "idle_shed"
"""By which connections are counted that were closed for others."""
AT_ONCE = 64
"""Closed together at most: to look through all of 20,000 takes 5 ms."""
YOUNG = 1.0
"""Seconds in which who has just come, or has had an answer, is not idle yet."""


class MakesRoom(Protocol):
    """Closes connections of a door for others."""

    def make_room(self) -> bool:
        """Have some leave, unless some leave already. False where nobody can."""


class Shedding:
    """Of one door. sessions, cuts, warn: its own."""

    __slots__ = ("_cuts", "_leaving", "_sessions", "_until", "_warn")

    def __init__(
        self, sessions: set[Session], cuts: Counter[str], warn: Callable[[str, str], None]
    ) -> None:
        self._sessions = sessions
        self._cuts = cuts
        self._warn = warn
        self._leaving: set[Session] = set()
        self._until = 0.0

    def make_room(self) -> bool:
        """Close the few connections that have waited longest for a request, for which there is no
        promise (RFC 9112 9.5), unless some are closing already. False where nobody only waits."""
        now, sessions = clock.now, self._sessions
        self._leaving &= sessions
        if self._leaving and now <= self._until:
            return True
        idle = [(each.idle_since(), id(each), each) for each in sessions]
        count = max(1, min(AT_ONCE, len(sessions) // 64))
        found = [each for since, _, each in nsmallest(count, idle) if since < now - YOUNG]
        for each in found:
            each.shed()
        if found:
            self._leaving, self._until = set(found), now
            self._cuts[SHED] += len(found)
            what = "those that have been idle longest are closed for others"
            self._warn(f"{len(sessions)} clients are connected: {what}", f"{SHED}: {what}")
        return bool(found)
