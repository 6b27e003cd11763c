"""Endpoint: one address of a pool, with what is known about it."""

from porch import clock
from porch.route.route import Connections

__all__ = ["REDIAL", "Endpoint"]

REDIAL = 0.5
"""Seconds between two dials of an endpoint that refused."""


class Endpoint:
    """One address.

    name: "10.0.0.1:8000". weight: its share against the others, >= 1. running: attempts under
    way. refused: the reason word while it does not accept, "" otherwise.
    """

    __slots__ = ("_redial_at", "connections", "name", "refused", "running", "weight")

    def __init__(self, name: str, connections: Connections, weight: int = 1) -> None:
        self.name = name
        self.connections = connections
        self.weight = weight
        self.running = 0
        self.refused = ""
        self._redial_at = 0.0

    def __repr__(self) -> str:
        state = f" {self.refused}" if self.refused else ""
        return f"<Endpoint {self.name} {self.running} running{state}>"

    def is_due(self) -> bool:
        """Whether an endpoint that refused may be dialled again."""
        return clock.monotonic() >= self._redial_at

    def on_redial(self) -> None:
        """One request goes and looks; for REDIAL seconds the others go elsewhere."""
        self._redial_at = clock.monotonic() + REDIAL

    def on_failure(self, word: str) -> None:
        """See route.Place."""
        self.refused = word
        self._redial_at = clock.monotonic() + REDIAL

    def on_success(self) -> None:
        """See route.Place."""
        self.refused = ""
