"""The access log: one line an exchange, written in batches off the hot path.

While requests are served an ended exchange joins a list and nothing else happens. `flush`, which
the worker calls every now and then, makes the lines and hands them to the sinks. How a line looks
is in json_lines.py, combined.py and pretty.py; where it goes in sink.py.
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

    sinks: each with its format. Ended exchanges, heads included, stay in memory until `flush`.
    What is not flushed by the end of the process is written then.
    """

    __slots__ = ("_ended", "_sinks", "on_end")

    on_end: Callable[[Exchange], None]  # type: ignore[assignment]
    """See Filter. A method around the append costs 60 ns more and counts as a call."""

    def __init__(self, sinks: Sequence[tuple[Format, Output]]) -> None:
        self._sinks = tuple(sinks)
        self._ended: list[Exchange] = []
        self.on_end = self._ended.append
        atexit.register(self.close)

    def __repr__(self) -> str:
        return f"<AccessLog {len(self._sinks)} sinks, {len(self._ended)} exchanges to write>"

    def flush(self) -> None:
        """Hand the lines of all that has ended to the sinks. About 2 µs a line and sink."""
        if not self._ended:
            return
        ended = self._ended[:]
        self._ended.clear()
        for make_lines, output in self._sinks:
            output.write(make_lines(ended))

    def close(self) -> None:
        """Flush, and close the sinks. An exchange that ends behind it has no line."""
        atexit.unregister(self.close)
        self.flush()
        for _, output in self._sinks:
            output.close()
