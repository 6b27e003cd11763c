"""Rounds: those that were got on demand, looked at by and by.

There may be more of them than anybody counts, so that a look is at some of them alone.
"""

from collections.abc import Callable, Iterator
from itertools import islice

from porch import clock
from porch.certs.kept import kept_hosts
from porch.certs.store import Store

__all__ = ["A_LOOK", "EVERY", "Rounds"]

A_LOOK = 100
"""Hosts of one look."""
PAUSE = 0.05
"""Seconds to the next of a round, so that others have their turn."""
EVERY = 3600.0
"""Seconds from the end of a round to the next."""


class Rounds:
    """Of one store. covered: which hosts are meant."""

    def __init__(self, store: Store, covered: Callable[[str], bool]) -> None:
        self._store = store
        self._covered = covered
        self._left: Iterator[str] | None = None
        self._next = 0.0

    @property
    def wait(self) -> float:
        """Seconds until the next look."""
        return max(0.0, self._next - clock.monotonic())

    def look(self) -> list[str]:
        """Some hosts; none if it is not time. Raises StoreError, and then begins anew later."""
        if self.wait > 0:
            return []
        self._next = clock.monotonic() + EVERY
        if self._left is None:
            self._left = filter(self._covered, kept_hosts(self._store))
        found = [*islice(self._left, A_LOOK)]
        if len(found) == A_LOOK:
            self._next = clock.monotonic() + PAUSE
        else:
            self._left = None
        return found
