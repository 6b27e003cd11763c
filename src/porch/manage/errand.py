"""Errand: work of some seconds in the supervisor that gives way to everybody.

To read and check ten thousand routes takes a second of CPU. In one piece it would take a core's
half from a worker (p99 of the requests 335 ms, bench/reload.py), and signals and commands would
wait for it. So a timer interrupts it every half millisecond, wherever it is: then the loop has its
turn, and the longer this process had to wait for its core, the longer until the work goes on.

Tried instead: a thread with niceness 10 (p99 6.5 ms; the kernel lets go of it by the tick of 4 ms)
or 19 (3 to 5 ms, but a full core gives it a hundredth of its time, and the loop waits for the lock
of the interpreter behind it).
"""

import gc
import signal
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from porch.manage.loop import Loop
from porch.manage.queueing import Queueing

__all__ = ["LONGEST_PAUSE", "SLICE", "Errand"]

Result = TypeVar("Result")

SLICE = 0.0005
"""Seconds at a time."""
FACTOR, LONGEST_PAUSE = 6.0, 0.009
"""A pause is so many times as long as the last slice had to wait for the core, and so long at most:
where others want all of the core, a twentieth is left to the work."""
EASING, SHORTEST_PAUSE = 0.8, 0.0002
"""What a pause is of the one before when nobody was in the way, and the seconds that are none: a
free core is used whole after 17 slices at most."""


class _Over(BaseException):
    """The loop was stopped. No error of the work's: nothing in it may catch this one."""


class Errand(Generic[Result]):
    """Does `work` once, soon. on_end: called in the loop with what came of it; never if the loop
    is stopped before.

    The work must be fit to be interrupted: whatever the loop does meanwhile must not need what the
    work is about to change. It must leave no cycles: they would be kept for ever.
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
        self._pause = SLICE
        self._is_over = False
        loop.soon(self._run)

    def _run(self) -> None:
        outcome: Future[Result] = Future()
        self._queueing = Queueing()
        before = signal.signal(signal.SIGALRM, self._give_way)
        gc.disable()  # it would look at all that was just made, again and again
        try:
            self._arm()
            outcome.set_result(self._work())
        except _Over:
            return
        except Exception as error:
            outcome.set_exception(error)
        finally:
            self._is_over = True
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
            self._queueing.close()
            gc.freeze()  # what is kept lives long: no collection looks at it again
            gc.enable()
        self._on_end(outcome)

    def _arm(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, SLICE)

    def _give_way(self, number: int, frame: object) -> None:
        if self._is_over:
            return  # the signal came with the last step; armed again it would end the process
        eased = self._pause * EASING
        wanted = min(FACTOR * self._queueing.waited(), LONGEST_PAUSE)
        self._pause = max(eased if eased > SHORTEST_PAUSE else 0.0, wanted)
        self._loop.turns(self._pause)
        if self._loop.is_stopped:
            raise _Over
        self._arm()
