"""Errand: work of some seconds, done beside the supervisor's loop and behind the traffic.

To read and check ten thousand routes takes a second of CPU. Done as anything else it would take
its half of a core that a worker needs (p99 of the requests 335 ms instead of 10, bench/reload.py),
and signals and commands would wait for it. So a thread does it, with a priority of its own: on
Linux, niceness is a thread's.
"""

import contextlib
import gc
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from porch.manage.loop import Loop

__all__ = ["NICE", "Errand"]

Result = TypeVar("Result")

NICE = 10
"""Its niceness: a tenth of a core that others want whole, and all of one that is free. Who may not
be nice (a system call filter) goes on without."""
PATIENCE = 5.0
"""Seconds that the end of the door waits for it."""


class Errand(Generic[Result]):
    """Does `work` once. on_end: called in the loop with what came of it.

    While it runs no process may be forked: a child would have one of two threads, and whatever
    the other had locked.
    """

    def __init__(
        self,
        loop: Loop,
        work: Callable[[], Result],
        on_end: Callable[["Future[Result]"], None],
    ) -> None:
        self._loop = loop
        self._work = work
        self._on_end = on_end
        self._outcome: Future[Result] = Future()
        self._thread = threading.Thread(target=self._run, name="errand", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Let it end, at the end of the door. One that hangs (a dead file server) is left."""
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        _be_nice()
        gc.disable()  # it would look at all that was just made, again and again
        try:
            self._outcome.set_result(self._work())
        except Exception as error:
            self._outcome.set_exception(error)
        finally:
            gc.collect()
            gc.freeze()  # what is kept lives long: no collection of the loop's looks at it
            gc.enable()
            self._loop.post(self._end)

    def _end(self) -> None:
        self._thread.join()
        self._on_end(self._outcome)


def _be_nice() -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
