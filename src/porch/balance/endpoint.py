"""Endpoint: one address of a pool, with what is known about it."""

from porch import clock
from porch.errors import WORDS
from porch.route.route import REQUESTS, RUNNING, Connections
from porch.shared import Cells

__all__ = ["REDIAL", "REFUSED", "WIDTH", "Endpoint"]

REDIAL = 0.5
"""Seconds between two dials of an endpoint that refused."""

REFUSED = 2
"""Of `counts`: the reason as its number in errors.WORDS, for whoever shows this endpoint."""
WIDTH = 3
"""Cells that an endpoint needs."""


class Endpoint:
    """One address.

    name: "10.0.0.1:8000". weight: its share against the others, >= 1. counts: see route.Place.
    refused: the reason word while it does not accept, "" otherwise.
    """

    __slots__ = ("_cells", "_redial_at", "connections", "counts", "name", "refused", "weight")

    def __init__(
        self, name: str, connections: Connections, weight: int = 1, cells: Cells | None = None
    ) -> None:
        """cells: WIDTH of them, all 0; its own where no other worker is to see them."""
        self.name = name
        self.connections = connections
        self.weight = weight
        self._cells = cells or Cells(WIDTH)
        self.counts = self._cells.own
        self.refused = ""
        self._redial_at = 0.0

    def __repr__(self) -> str:
        state = f" {self.refused}" if self.refused else ""
        return f"<Endpoint {self.name} {self.counts[RUNNING]} running{state}>"

    @property
    def running(self) -> int:
        """Attempts that are under way here, of all workers."""
        return self._cells.total(RUNNING)

    @property
    def requests(self) -> int:
        """Attempts so far, of all workers."""
        return self._cells.total(REQUESTS)

    def is_due(self) -> bool:
        """Whether an endpoint that refused may be dialled again."""
        return clock.monotonic() >= self._redial_at

    def on_redial(self) -> None:
        """One request goes and looks; for REDIAL seconds the others go elsewhere."""
        self._redial_at = clock.monotonic() + REDIAL

    def on_failure(self, word: str) -> None:
        """See route.Place."""
        self.refused = word
        self.counts[REFUSED] = WORDS.index(word) if word in WORDS else 0
        self._redial_at = clock.monotonic() + REDIAL

    def on_success(self) -> None:
        """See route.Place."""
        if self.refused:
            self.refused = ""
            self.counts[REFUSED] = 0

    def leave(self) -> None:
        """The configuration has it no more; what still runs here is counted for itself."""
        self._cells.leave()
        self.counts = self._cells.own
