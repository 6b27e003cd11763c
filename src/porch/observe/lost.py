"""Lost: how many lines each log has lost, and spans a collector, counted where all workers are
added up."""

from collections.abc import Callable, MutableSequence, Sequence
from typing import Protocol

from porch.observe.ended import Batch

__all__ = ["LINES_LOST", "SPANS_LOST", "CellsOf", "Lost"]

LINES_LOST, SPANS_LOST = "lost", "spans lost"
"""Kinds of names (see series.py): (LINES_LOST, log), of lines that were never written; (SPANS_LOST,
collector), of spans that it was never told."""

CellsOf = Callable[[str, str], MutableSequence[int]]
"""The cell of one of these, by its kind and name; another one whenever it is asked."""


class _Loses(Protocol):
    """See Sink, and Traces."""

    name: str

    @property
    def lost(self) -> int:
        """How many, so far."""


class Lost:
    """An observer (ended.py), behind that of what these are told. kind: of their names."""

    __slots__ = ("_cells_of", "_counted", "_kind", "_sinks")

    def __init__(self, kind: str, sinks: Sequence[_Loses], cells_of: CellsOf) -> None:
        self._kind = kind
        self._sinks = sinks
        self._cells_of = cells_of
        self._counted = [0] * len(sinks)
        for sink in sinks:
            cells_of(kind, sink.name)  # whoever looks sees that none was lost

    def __repr__(self) -> str:
        return f"<Lost {sum(self._counted)}>"

    def take(self, batch: Batch) -> None:
        """Nothing is lost before it is written."""

    def flush(self) -> None:
        """Count what was lost since the last time."""
        for at, sink in enumerate(self._sinks):
            lost = sink.lost
            if lost != self._counted[at]:
                self._cells_of(self._kind, sink.name)[0] += lost - self._counted[at]
                self._counted[at] = lost

    close = flush
