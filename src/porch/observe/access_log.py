"""The access log: one line an exchange, written in batches off the hot path.

While requests are served an ended exchange joins a list and nothing else happens. `make_lines`,
which a door has called every few requests, makes the lines; `flush`, which the worker calls every
now and then, hands them to the sinks. How a line looks is in json_lines.py, combined.py and
pretty.py; where it goes in sink.py.
"""

import atexit
from collections.abc import Callable, Sequence
from typing import Protocol

from porch.exchange import Exchange
from porch.filter import Filter

__all__ = ["AccessLog", "Format", "Output"]

Format = Callable[[Sequence[Exchange]], bytes]
"""Exchanges to lines, each with its line feed."""


class Output(Protocol):
    """Where lines go (sink.py)."""

    def write(self, lines: bytes) -> None:
        """Take whole lines. Never waits, never raises."""

    def close(self) -> None:
        """Write what was taken, within bounds, and end."""


class AccessLog(Filter):
    """A filter whose one hook costs no Python call: `on_end` is the append of a list.

    sinks: each with its format. Ended exchanges, heads included, stay in memory until their lines
    are made. What is not flushed by the end of the process is written then.
    """

    __slots__ = ("_ended", "_lines", "_sinks", "on_end")

    on_end: Callable[[Exchange], None]  # type: ignore[assignment]
    """See Filter. A method around the append costs 60 ns more and counts as a call."""

    def __init__(self, sinks: Sequence[tuple[Format, Output]]) -> None:
        self._sinks = tuple(sinks)
        self._ended: list[Exchange] = []
        self._lines: list[list[bytes]] = [[] for _ in self._sinks]
        self.on_end = self._ended.append
        atexit.register(self.close)

    def __repr__(self) -> str:
        return f"<AccessLog {len(self._sinks)} sinks, {len(self._ended)} exchanges to write>"

    def make_lines(self) -> None:
        """Make the lines of all that has ended, and let go of it. About 2 µs a line and sink.

        Where 64 exchanges wait for it the memory they had is still in the processor's caches when
        the next ones get it: -3 % of an exchange and its line, beside 600.
        """
        if not self._ended:
            return
        ended = self._ended[:]
        self._ended.clear()
        for (made, _), lines in zip(self._sinks, self._lines, strict=True):
            lines.append(made(ended))

    def flush(self) -> None:
        """Hand the lines of all that has ended to the sinks."""
        self.make_lines()
        for (_, output), lines in zip(self._sinks, self._lines, strict=True):
            if lines:
                output.write(b"".join(lines))
                lines.clear()

    def close(self) -> None:
        """Flush, and close the sinks. An exchange that ends behind it has no line."""
        atexit.unregister(self.close)
        self.flush()
        for _, output in self._sinks:
            output.close()
