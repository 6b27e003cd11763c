"""Making room: where a door is full, those that do nothing go first."""

from collections import Counter
from collections.abc import Callable, Collection
from heapq import nsmallest

from porch import clock
from porch.listen.door_session import Session

__all__ = ["AT_ONCE", "SHED", "YOUNG", "make_room"]

SHED = "idle_shed"
"""By which connections are counted that were closed for others."""
AT_ONCE = 64
"""Closed together at most: to look through all of 20,000 takes 5 ms."""
YOUNG = 1.0
"""Seconds in which who has just come, or has had an answer, is not idle yet."""


def make_room(
    sessions: Collection[Session], cuts: Counter[str], warn: Callable[[str, str], None]
) -> bool:
    """Close the few of these connections that have waited longest for a request, for which there is
    no promise (RFC 9112 9.5). False where nobody only waits."""
    before = clock.now - YOUNG
    idle = [(each.idle_since(), id(each), each) for each in sessions]
    count = max(1, min(AT_ONCE, len(sessions) // 64))
    found = [each for since, _, each in nsmallest(count, idle) if since < before]
    for each in found:
        each.shed()
    if found:
        cuts[SHED] += len(found)
        what = "those that have been idle longest are closed for others"
        warn(f"{len(sessions)} clients are connected: {what}", f"{SHED}: {what}")
    return bool(found)
