"""Lost: how many lines each log has lost, counted where all workers are added up."""

from collections.abc import Callable, MutableSequence, Sequence
from typing import Protocol

from porch.observe.ended import Batch

__all__ = ["LOST", "CellsOf", "Lost"]

LOST = "lost"
"""The kind of names (see series.py) of lines that were never written: ("lost", log)."""

CellsOf = Callable[[str], MutableSequence[int]]
"""The cell of a log, by its name; another one whenever it is asked."""


class _Loses(Protocol):
    """See Sink."""

    name: str
    lost: int


class Lost:
    """An observer (ended.py), behind the log whose sinks these are."""

    __slots__ = ("_cells_of", "_counted", "_sinks")

    def __init__(self, sinks: Sequence[_Loses], cells_of: CellsOf) -> None:
        self._sinks = sinks
        self._cells_of = cells_of
        self._counted = [0] * len(sinks)
        for sink in sinks:
            cells_of(sink.name)  # whoever looks sees that none was lost

    def __repr__(self) -> str:
        return f"<Lost {sum(self._counted)} lines>"

    def take(self, batch: Batch) -> None:
        """Nothing is lost before it is written."""

    def flush(self) -> None:
        """Count what was lost since the last time."""
        for at, sink in enumerate(self._sinks):
            lost = sink.lost
            if lost != self._counted[at]:
                self._cells_of(sink.name)[0] += lost - self._counted[at]
                self._counted[at] = lost

    close = flush
