"""Gate: one worker at a time writes to the database, and none waits for long.

LMDB has such a lock of its own, which is waited for without an end: a worker that is stopped in the
middle of a write would have all others hang with it. This one stands before it (flock on the folder
of the database; the kernel lets go of it when a worker dies), and is waited for in small steps.
What can be tried again later does not wait at all (saving.py).
"""

import contextlib
import fcntl
import os
import time
from pathlib import Path

from porch import clock

__all__ = ["PATIENCE", "STEP", "STUCK", "Gate"]

PATIENCE = 0.05
"""Seconds that a write waits in place for others, each of which takes about 0.2 ms: the loop stands
still meanwhile."""
STEP = 0.0002
"""Seconds between two tries."""
STUCK = 1.0
"""Seconds behind one that has waited in vain in which others do not wait at all."""


class Gate:
    """folder: of a database. Raises OSError."""

    __slots__ = ("_descriptor", "_stuck_until")

    def __init__(self, folder: Path) -> None:
        self._descriptor = -1
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._stuck_until = 0.0

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def enter(self, patience: float = PATIENCE) -> bool:
        """Be the one who writes, until `leave`. False where another still is behind so many
        seconds; or is at all, if somebody has waited in vain just now, or nobody is to wait (0):
        then it takes 1 us."""
        if self._take():
            return True
        now = clock.monotonic()
        if not patience or (patience <= PATIENCE and now < self._stuck_until):
            return False
        until = now + patience
        while now < until:
            time.sleep(STEP)
            if self._take():
                return True
            now = clock.monotonic()
        self._stuck_until = now + STUCK
        return False

    def leave(self) -> None:
        """Let others write."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _take(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._stuck_until = 0.0
            return True
        return False
