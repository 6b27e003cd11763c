"""Work in steps: a generator that yields wherever it can be left for a while.

A worker which serves takes a few steps between two events, and nobody waits for the whole.
"""

from collections.abc import Generator, Iterator
from typing import TypeVar

from porch import clock

__all__ = ["Steps", "advance", "complete"]

Result = TypeVar("Result")

Steps = Generator[None, None, Result]
"""A step is as short as one route, one endpoint, one certificate: tens of microseconds, and about
half a millisecond for what OpenSSL does in one piece."""


def complete(steps: Steps[Result]) -> Result:
    """What comes of it, at once."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: Result = done.value
            return result


def advance(steps: Iterator[None], seconds: float) -> bool:
    """Take steps for so many seconds; whether there are more."""
    until = clock.monotonic() + seconds
    return any(clock.monotonic() >= until for _ in steps)
