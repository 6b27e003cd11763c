"""Lost: how many lines each log has lost, counted where all workers are added up."""

from collections.abc import Callable, MutableSequence, Sequence
from typing import Protocol

from porch.observe.ended import Batch

__all__ = ["LOST", "CellsOf", "Lost"]

LOST = "lost"
"""The kind of names (see series.py) of lines that were never written: ("lost", log)."""

CellsOf = Callable[[str], MutableSequence[int]]
"""The cell of a log, by its name."""


class _Loses(Protocol):
    """See Sink."""

    name: str
    lost: int


class Lost:
    """An observer (ended.py), behind the log whose sinks these are."""

    __slots__ = ("_counted", "_sinks")

    def __init__(self, sinks: Sequence[_Loses], cells_of: CellsOf) -> None:
        self._sinks = [(sink, cells_of(sink.name)) for sink in sinks]
        self._counted = [0] * len(self._sinks)

    def __repr__(self) -> str:
        return f"<Lost {sum(self._counted)} lines>"

    def take(self, batch: Batch) -> None:
        """Nothing is lost before it is written."""

    def flush(self) -> None:
        """Count what was lost since the last time."""
        for at, (sink, cells) in enumerate(self._sinks):
            lost = sink.lost
            if lost != self._counted[at]:
                cells[0] += lost - self._counted[at]
                self._counted[at] = lost

    close = flush
