"""What debug says, kept in a list."""

from collections.abc import Iterator
from contextlib import contextmanager

from porch import clock
from porch.debug import debug

__all__ = ["listening"]


@contextmanager
def listening() -> Iterator[list[str]]:
    """The lines that are said meanwhile."""
    said: list[str] = []
    debug.begin(clock.monotonic() + 3600, said.append)
    try:
        yield said
    finally:
        debug.end()
