"""What honest clients seldom do, counted a connection (RFC 9113 10.5).

Each kind costs points. A connection has MOST of them and gets RATE a second back; one that has
none left ends with ENHANCE_YOUR_CALM. One account for all kinds, so that a mixture is no way
around it. What is cheap for us and usual beside an answer (WINDOW_UPDATE, PING, PRIORITY_UPDATE,
small messages) is free as often as answers give reason for it.

Whoever has waited for an answer may give it up, so that a reset counts where no wait explains it.
Streams that grow older are bounded by how many may be open at once.

| kind          | points | at once | a second | what counts                                        |
|---------------|-------:|--------:|---------:|----------------------------------------------------|
| RESETS        |      3 |     333 |       33 | RST_STREAM by the client (rapid reset) in the tick |
|               |        |         |          | of the clock in which the stream began             |
| STREAM_ERRORS |      5 |     200 |       20 | streams that we have to reset for what it sent     |
| REFUSED_HEADS |      5 |     200 |       20 | requests refused for their head alone              |
| EMPTY_DATA    |      5 |     200 |       20 | DATA without a byte that does not end its stream   |
| TINY_DATA     |   1/64 |  64,000 |     6400 | DATA of less than 32 bytes that does not end its   |
|               |        |         |          | stream, beyond the free ones                       |
| LATE_RESETS   |      1 |    1000 |      100 | RST_STREAM for streams that are over, beyond the   |
|               |        |         |          | free ones                                          |
| SETTINGS      |     10 |     100 |       10 | SETTINGS, each of which wants an answer            |
| PINGS         |      1 |    1000 |      100 | PING beyond the free ones                          |
| WINDOWS       |      1 |    1000 |      100 | WINDOW_UPDATE beyond the free ones                 |
| PRIORITIES    |      1 |    1000 |      100 | PRIORITY_UPDATE beyond the free ones               |
| GOAWAYS       |     10 |     100 |       10 | GOAWAY                                             |
| NOISE         |     20 |      50 |        5 | 4 KiB that are neither head nor body, beyond       |
|               |        |         |          | `limits.head`, a frame and what one stream's       |
|               |        |         |          | window lets through: padding, PRIORITY, unknown    |
|               |        |         |          | frames                                             |
"""

from typing import Final, NamedTuple

from porch import clock

__all__ = [
    "EMPTY_DATA",
    "GOAWAYS",
    "LATE_RESETS",
    "MOST",
    "NOISE",
    "PINGS",
    "PRIORITIES",
    "RATE",
    "REFUSED_HEADS",
    "RESETS",
    "SETTINGS",
    "STREAM_ERRORS",
    "TINY_DATA",
    "WINDOWS",
    "Glitches",
    "Kind",
]

MOST: Final = 1000
"""Points that a connection begins with, and the most it ever has."""
RATE: Final = 100
"""Points that it gets back a second."""
MOST_FREE: Final = 10_000
"""Free frames that can be saved up."""


class Kind(NamedTuple):
    """One row of the table. name: for the operator. points: what one costs."""

    name: str
    points: float


RESETS = Kind("resets of its own requests", 3)
STREAM_ERRORS = Kind("malformed messages", 5)
REFUSED_HEADS = Kind("requests that are refused for their head", 5)
EMPTY_DATA = Kind("empty DATA frames", 5)
TINY_DATA = Kind("DATA frames with next to nothing in them", 1 / 64)
LATE_RESETS = Kind("resets of requests that are over", 1)
SETTINGS = Kind("SETTINGS frames", 10)
PINGS = Kind("PING frames", 1)
WINDOWS = Kind("WINDOW_UPDATE frames", 1)
PRIORITIES = Kind("PRIORITY_UPDATE frames", 1)
GOAWAYS = Kind("GOAWAY frames", 10)
NOISE = Kind("bytes that are neither head nor body", 20)


class Glitches:
    """The account of one connection.

    free: how many frames of the free kinds are still to come without a point. spent: the kind
    that took the last point, from which on the connection has to end; None before.
    """

    __slots__ = ("_counts", "_left", "_since", "free", "spent")

    def __init__(self) -> None:
        self._left = float(MOST)
        self._since = clock.now
        self._counts: dict[Kind, int] | None = None
        self.free = 0
        self.spent: Kind | None = None

    def __repr__(self) -> str:
        return f"<Glitches {self._left:.0f} points left, {self.told()}>"

    def add(self, kind: Kind, count: int = 1) -> None:
        """So many more of a kind."""
        if self._counts is None:
            self._counts = {}
        self._counts[kind] = self._counts.get(kind, 0) + count
        now = clock.now
        self._left = min(MOST, self._left + (now - self._since) * RATE) - kind.points * count
        self._since = now
        if self._left < 0 and self.spent is None:
            self.spent = kind

    def add_free(self, kind: Kind, count: int = 1) -> None:
        """So many more of a kind that costs nothing while there are free ones."""
        self.free = min(self.free, MOST_FREE) - count
        if self.free < 0:
            self.add(kind, -self.free)
            self.free = 0

    def told(self) -> str:
        """What was counted so far, the dearest first."""
        counts = self._counts or {}
        kinds = sorted(counts, key=lambda kind: -counts[kind] * kind.points)
        return ", ".join(f"{counts[kind]} {kind.name}" for kind in kinds) or "none"
