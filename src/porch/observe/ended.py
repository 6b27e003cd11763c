"""Ended: what is over waits here for those who look at it, off the hot path.

While requests are served an ended exchange joins a list and nothing else happens. `put_away`, which
a door has called every few requests, shows them to all watchers; `flush`, which the worker calls
every now and then, lets them write what they made.
"""

import atexit
from collections.abc import Callable, Sequence
from typing import Protocol

from porch.exchange import Exchange
from porch.filter import Filter

__all__ = ["Batch", "Ended", "Format", "Watcher"]

Format = Callable[[Sequence[Exchange]], bytes]
"""Exchanges to lines, each with its line feed."""


class Batch:
    """exchanges: that have ended, in this order. They are let go of behind it."""

    __slots__ = ("_lines", "exchanges")

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self.exchanges = exchanges
        self._lines: dict[Format, bytes] = {}

    def __repr__(self) -> str:
        return f"<Batch {len(self.exchanges)}>"

    def lines(self, made: Format) -> bytes:
        """Their lines, made once whoever asks."""
        lines = self._lines.get(made)
        if lines is None:
            lines = self._lines[made] = made(self.exchanges)
        return lines


class Watcher(Protocol):
    """Who looks at exchanges that are over: a log, counts, the record of the last ones."""

    def take(self, batch: Batch) -> None:
        """Some have ended."""

    def flush(self) -> None:
        """Write what was made of them."""

    def close(self) -> None:
        """The same, and end. Perhaps more than once."""


class Ended(Filter):
    """A filter whose one hook costs no Python call: `on_end` is the append of a list.

    Exchanges, heads included, stay in memory until they are put away. What is not flushed by the
    end of the process is written then.
    """

    __slots__ = ("_ended", "_watchers", "on_end")

    on_end: Callable[[Exchange], None]  # type: ignore[assignment]
    """See Filter. A method around the append costs 60 ns more and counts as a call."""

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self._watchers = tuple(watchers)
        self._ended: list[Exchange] = []
        self.on_end = self._ended.append
        atexit.register(self.close)

    def __repr__(self) -> str:
        return f"<Ended {len(self._watchers)} watchers, {len(self._ended)} exchanges to look at>"

    def watch(self, watcher: Watcher) -> None:
        """Show what ends from now on to one more; watched twice, once."""
        if watcher not in self._watchers:
            self._watchers = (*self._watchers, watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """No more."""
        self._watchers = tuple(each for each in self._watchers if each is not watcher)

    def put_away(self) -> None:
        """Show all that has ended, and let go of it.

        Where 64 exchanges wait for it the memory they had is still in the processor's caches when
        the next ones get it: -3 % of an exchange and its line, beside 600.
        """
        if not self._ended:
            return
        ended = self._ended[:]
        self._ended.clear()
        batch = Batch(ended)
        self._each(lambda watcher: watcher.take(batch))

    def flush(self) -> None:
        """Put away, and have it written."""
        try:
            self.put_away()
        finally:
            self._each(lambda watcher: watcher.flush())

    def close(self) -> None:
        """Flush, and close the watchers. An exchange that ends behind it is seen by nobody."""
        atexit.unregister(self.close)
        try:
            self.flush()
        finally:
            self._each(lambda watcher: watcher.close())

    def _each(self, work: Callable[[Watcher], None]) -> None:
        """With all of them: what one raises keeps no other from its part, and is raised behind."""
        fault: Exception | None = None
        for watcher in self._watchers:
            try:
                work(watcher)
            except Exception as error:
                fault = error
        if fault is not None:
            raise fault
