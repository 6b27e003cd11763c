"""Spread: many clients read one body while it comes in, and the loop is not theirs alone.

A piece of 64 KiB for a thousand clients is 64 MiB to be sent: all at once it would keep every
other client waiting, and a worker that does not come round is taken for hanging.
"""

from collections.abc import Callable, Set

from porch.reader import Reader

__all__ = ["AT_ONCE", "Spread"]

AT_ONCE = 4 << 20
"""Bytes that are sent before others have a turn of the loop: a few milliseconds."""


class Spread:
    """readers: all that read the body, as they are at each time. later: see keeper.Keeper."""

    __slots__ = ("_due", "_later", "_more", "_readers")

    def __init__(
        self, readers: Set[Reader], later: Callable[[float, Callable[[], object]], object]
    ) -> None:
        self._readers = readers
        self._later = later
        self._due: list[Reader] = []
        self._more = False

    def go(self) -> None:
        """There is more of the body: all send on, at once where that is little."""
        if self._due:
            self._more = True  # those who had their turn have one more
        else:
            self._due = list(self._readers)
            self._step()

    def _step(self) -> None:
        due, sent = self._due, 0
        while due and sent < AT_ONCE:
            sent += due.pop().pump()
        if not due and self._more:
            self._more = False
            due.extend(self._readers)
        if due:
            self._later(0.0, self._step)
