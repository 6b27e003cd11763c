"""Best: what a call costs at its best, on a machine that has other work."""

from collections.abc import Callable
from time import thread_time
from typing import TypeVar

__all__ = ["best"]

Made = TypeVar("Made")


def best(work: Callable[[], Made], patience: float) -> tuple[Made, float]:
    """What it makes, and seconds of CPU time of the call that took least. patience: seconds of CPU
    time for all calls; one call at least."""
    least, spent = float("inf"), 0.0
    while True:
        start = thread_time()
        made = work()
        took = thread_time() - start
        least = min(least, took)
        spent += took + 1e-6
        if spent >= patience:
            return made, least
