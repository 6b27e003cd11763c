"""The access log: one line an exchange, made of those that have ended, written in batches.

How a line looks is in json_lines.py, combined.py and pretty.py; where it goes in sink.py.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from porch.exchange import Exchange
from porch.observe.ended import Batch, Format

__all__ = ["AccessLog", "Output", "Written"]


class Output(Protocol):
    """Where lines go (sink.py)."""

    def write(self, lines: bytes) -> None:
        """Take whole lines. Never waits, never raises."""

    def close(self) -> None:
        """Write what was taken, within bounds, and end."""


class Written(NamedTuple):
    """One access log. choice: which exchanges have a line; None where all have."""

    format: Format
    output: Output
    choice: Callable[[Sequence[Exchange]], Sequence[Exchange]] | None = None


class AccessLog:
    """An observer (ended.py). logs: each with its format and its sink."""

    __slots__ = ("_lines", "_logs")

    def __init__(self, logs: Sequence[Written]) -> None:
        self._logs = tuple(logs)
        self._lines: list[list[bytes]] = [[] for _ in self._logs]

    def __repr__(self) -> str:
        return f"<AccessLog {len(self._logs)} logs>"

    def take(self, batch: Batch) -> None:
        """Make their lines. About 2 µs a line and sink, and 0.03 to see who has none."""
        exchanges = batch.exchanges
        loud = [each for each in exchanges if each.error is None or not each.error.quiet]
        are_all = len(loud) == len(exchanges)
        for (made, _, choice), lines in zip(self._logs, self._lines, strict=True):
            if choice is not None:
                if chosen := choice(loud):
                    lines.append(made(chosen))
            else:
                lines.append(batch.lines(made) if are_all else made(loud))

    def flush(self) -> None:
        """Hand the lines to the sinks."""
        for (_, output, _), lines in zip(self._logs, self._lines, strict=True):
            if lines:
                output.write(b"".join(lines))
                lines.clear()

    def close(self) -> None:
        """Flush, and close the sinks."""
        self.flush()
        for _, output, _ in self._logs:
            output.close()
