"""Pulse: the sign of life of a long work that holds a lock of the store."""

from collections.abc import Callable

from porch import clock
from porch.certs.failure import IssueError, plain
from porch.certs.needs import Lease

__all__ = ["LEASE", "Pulse", "Stopped"]

LEASE = 300.0
"""Seconds that a name is ours without a sign of life: longer than any wait for the network."""


class Stopped(Exception):
    """The door ends; what was begun is gone on with by the next."""


class Pulse:
    """Called between steps: keeps the lease, and ends the work when the door ends."""

    def __init__(self, lease: Lease, is_stopping: Callable[[], bool]) -> None:
        self._lease = lease
        self._is_stopping = is_stopping
        self._renewed = clock.monotonic()

    def __call__(self) -> None:
        """Raises Stopped, or IssueError if the lease is lost."""
        if self._is_stopping():
            raise Stopped
        if clock.monotonic() - self._renewed > LEASE / 3:
            self.renew()

    def renew(self) -> None:
        """Have the lease for its whole time. Raises IssueError if another has it."""
        try:
            is_lost = self._lease.renew() is False
        except Exception as error:  # whatever the store says
            raise IssueError("busy", f"the lock in the store was lost: {plain(error)}") from error
        if is_lost:
            raise IssueError("busy", "the lock in the store was lost: another goes on with it")
        self._renewed = clock.monotonic()
