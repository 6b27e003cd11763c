"""Queueing: whether this process has to wait for a core, because somebody else wants it too."""

import os
import threading

__all__ = ["Queueing"]

ALWAYS = 0.001
"""Seconds of waiting that are supposed where the system does not tell (macOS)."""


class Queueing:
    """Asks the kernel how long this thread stood ready and had no core: the second number of
    /proc/thread-self/schedstat. Where it does not tell (macOS) there is always somebody."""

    def __init__(self) -> None:
        path = f"/proc/self/task/{threading.get_native_id()}/schedstat"
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = -1
        self._waited = self._read()

    def waited(self) -> float:
        """Seconds since this was asked the last time."""
        if self._file < 0:
            return ALWAYS
        before, self._waited = self._waited, self._read()
        return (self._waited - before) / 1e9

    def close(self) -> None:
        """Ask no more."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _read(self) -> int:
        if self._file < 0:
            return 0
        return int(os.pread(self._file, 100, 0).split()[1])
