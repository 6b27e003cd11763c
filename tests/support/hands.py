"""A clock that a test turns by hand."""

import pytest

from porch import clock


class Hands:
    """Stands for the clock of this process from when it is made. wall: seconds since 1970."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, wall: float = 1_800_000_000.0) -> None:
        self.wall = wall
        self._monotonic = 1000.0
        monkeypatch.setattr(clock, "wall", lambda: self.wall)
        monkeypatch.setattr(clock, "monotonic", lambda: self._monotonic)
        monkeypatch.setattr(clock, "sleep", self.advance)

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self.wall += seconds
        self._monotonic += seconds

    def set(self, wall: float) -> None:
        """Somebody sets the time of day; none passes."""
        self.wall = wall
