"""Pulse: the sign of life of a long work that holds a lock of the store.

A thread renews the lease, for a question to an authority or a DNS provider may take longer than
it: a short lease is what lets others go on soon after a kill. A work that hangs for good loses it.
"""

import contextlib
import threading
from collections.abc import Callable
from types import TracebackType

from porch import clock
from porch.certs.failure import IssueError, plain
from porch.certs.needs import Lease

__all__ = ["LEASE", "LONGEST", "Pulse", "Stopped"]

LEASE = 60.0
"""Seconds that a name is ours without a renewal: others wait for so long after a kill."""
LONGEST = 1200.0
"""Seconds between two steps of the work after which it hangs."""


class Stopped(Exception):
    """The door ends; what was begun is gone on with by the next."""


class Pulse:
    """Called between steps: ends the work when the door ends, or the lease is lost.

    Used as a context, in which the lease is renewed. is_stopping: whether the door ends.
    """

    def __init__(self, lease: Lease, is_stopping: Callable[[], bool]) -> None:
        self._lease = lease
        self._is_stopping = is_stopping
        self._stepped = clock.monotonic()
        self._lost = ""
        self._turn = threading.Lock()  # a lease is for one at a time
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="porch-lease", daemon=True)

    def __enter__(self) -> "Pulse":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def __call__(self) -> None:
        """Raises Stopped, or IssueError if the lease is lost."""
        self._stepped = clock.monotonic()
        if self._is_stopping():
            raise Stopped
        if self._lost:
            raise IssueError("busy", self._lost)

    def renew(self) -> None:
        """Have the lease for its whole time, now. Raises IssueError if another has it."""
        with self._turn:
            try:
                if self._lease.renew() is False:
                    self._lost = "the lock in the store was lost: another goes on with it"
            except Exception as error:  # whatever the store says
                self._lost = f"the lock in the store was lost: {plain(error)}"
        if self._lost:
            raise IssueError("busy", self._lost)

    def _run(self) -> None:
        while not self._over.wait(LEASE / 3):
            if clock.monotonic() - self._stepped > LONGEST:
                self._lost = "the lock in the store was given up: nothing went on for long"
            if self._lost:
                return
            with contextlib.suppress(IssueError):  # the work hears of it at its next step
                self.renew()
