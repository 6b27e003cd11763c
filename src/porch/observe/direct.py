"""Direct: lines written at once, for a process that forks and therefore has no threads.

A reader that takes nothing must not hold up the supervisor: lines that would not fit now are lost
and counted.
"""

import os
import select
from collections.abc import Callable

__all__ = ["Direct"]


class Direct:
    """See messages.Output. fd: stays open. lost: writes that found no room."""

    def __init__(self, fd: int, write: Callable[[int, bytes], int] = os.write) -> None:
        self.lost = 0
        self._fd = fd
        self._write = write

    @property
    def is_terminal(self) -> bool:
        """Whether somebody may be watching."""
        return os.isatty(self._fd)

    def write(self, lines: bytes) -> None:
        """Take whole lines. Never waits, never raises; a file is always ready."""
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        # A pipe that is ready takes this much without waiting (pipe(7), PIPE_BUF).
        for start in range(0, len(lines), select.PIPE_BUF):
            try:
                if not poll.poll(0):
                    self.lost += 1
                    return
                self._write(self._fd, lines[start : start + select.PIPE_BUF])
            except OSError:
                self.lost += 1
                return

    def close(self) -> None:
        """Nothing waits."""
