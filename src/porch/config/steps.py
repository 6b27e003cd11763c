"""Work in steps: a generator that yields wherever it can be left for a while.

A worker which serves takes a few steps between two events, and nobody waits for the whole.
"""

from collections.abc import Generator
from typing import TypeVar

__all__ = ["Steps", "complete"]

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
